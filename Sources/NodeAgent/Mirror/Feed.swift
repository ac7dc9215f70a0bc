internal import KubernetesClient

/// How far a collection that is followed can be relied on.
struct Feed: Sendable {
  /// The whole collection has been read in this run: what is not there is not there.
  private(set) var isComplete = false
  /// The version of the last list.
  private(set) var version = ""
  /// What keeps it from being followed; what was read before stays all that is known.
  private(set) var failure: Failure?

  struct Failure: Sendable, Hashable {
    var problem: String
    var since: Timestamp
  }

  /// Takes note of what a reflector has told.
  mutating func note<Object>(_ event: ReflectorEvent<Object>) {
    switch event {
    case .listed(let list):
      isComplete = true
      version = list.resourceVersion
      failure = nil
    case .connected, .changed, .deleted: failure = nil
    case .failed(let error, _):
      failure = Failure(problem: "\(error)", since: failure?.since ?? .now().inSeconds)
    }
  }
}
