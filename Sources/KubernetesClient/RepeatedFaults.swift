package import Logging

/// What fails again and again, for the log: told when it fails otherwise than before, and once that it works again.
package struct RepeatedFaults: Sendable {
  private var told: [String: String] = [:]

  package init() {}

  /// Something has failed.
  ///
  /// - Parameter what: what is done, as the subject of "works again".
  /// - Parameter problem: the line of the log.
  package mutating func note(_ what: String, _ problem: String, _ log: Logger) {
    guard told.updateValue(problem, forKey: what) != problem else { return }
    log.warning("\(problem)")
  }

  /// Something has succeeded.
  package mutating func noteSuccess(_ what: String, _ log: Logger) {
    guard told.removeValue(forKey: what) != nil else { return }
    log.info("\(what) works again")
  }

  /// Nobody tries it any more.
  package mutating func forget(_ what: String) { told[what] = nil }
}
