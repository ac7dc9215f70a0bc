package import KubernetesClient
package import Logging

/// Something that people should be told of an object.
package struct Warning: Sendable, Hashable {
  package let object: ObjectReference
  /// One word, as the contract names it.
  package let reason: String
  /// A sentence.
  package let message: String

  package init(object: ObjectReference, reason: String, message: String) {
    (self.object, self.reason, self.message) = (object, reason, message)
  }
}

/// Tells people what happened to objects, each thing once as long as it lasts.
package struct EventNotices: Sendable {
  private let recorder: EventRecorder
  private let log: Logger
  private var told: Set<Warning> = []

  /// - Parameter recorder: writes the events.
  package init(_ recorder: EventRecorder, log: Logger) {
    self.recorder = recorder
    self.log = log
  }

  /// Writes events for those that are new.
  package mutating func tell(_ warnings: [Warning]) async {
    told.formIntersection(warnings)
    for warning in warnings where told.insert(warning).inserted {
      do throws(KubernetesError) {
        try await recorder.record(.warning, warning.reason, warning.message, about: warning.object)
      } catch {
        guard error.kind != .cancelled else { return }
        log.info("the event \(warning.reason) about \(warning.object.name ?? "") was not written: \(error)")
      }
    }
  }
}
