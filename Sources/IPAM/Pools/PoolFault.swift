/// A pool file, or a document in one, that cannot be used.
public struct PoolFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path of the file or directory.
  public let file: String
  /// The document's position in the file, counted from 1.
  public let document: Int?
  /// The line at which the fault is.
  public let line: Int?
  /// What is wrong, with key and value.
  public let problem: String
  /// The document reserves addresses: what it says in vain is given to pods.
  public var isReservation = false

  /// `file:line: document 2: problem`.
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return document.map { "\(place): document \($0): \(problem)" } ?? "\(place): \(problem)"
  }

  /// The fault and what follows from it.
  var remark: String { "\(description); \(consequence)" }

  /// What follows from it, as the end of a sentence.
  public var consequence: String {
    isReservation ? "the addresses that it should reserve are given to pods" : "no address is given from it"
  }
}
