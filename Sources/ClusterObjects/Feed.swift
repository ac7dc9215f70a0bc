package import KubernetesClient

/// How far a collection that is followed can be relied on.
package struct Feed: Sendable {
  /// The whole collection has been read in this run. An object that is not in it does not exist.
  package private(set) var isComplete = false
  /// The version of the last list, or of the last object that came since.
  package private(set) var version = ""
  /// What keeps it from being followed. Until that ends nothing is known but the objects that were read before.
  package private(set) var failure: Failure?

  package struct Failure: Sendable, Hashable {
    package var problem: String
    /// The same without what was asked for: one cause may keep several collections from being followed.
    package var cause: String
    package var since: Timestamp
    /// Whether it may end without anybody's doing.
    package var isTransient: Bool
    /// What an administrator can do about it.
    package var remedy: String? = nil

    /// The problem, with what an administrator can do about it.
    package var advice: String { remedy.map { "\(problem); \($0)" } ?? problem }
  }

  /// Everything has been read, and nothing is known to be missing.
  package var isWhole: Bool { isComplete && failure == nil }

  /// What to do when no role allows it.
  private let permission: String

  /// - Parameter permission: what to do when no role allows to follow it.
  package init(
    whenForbidden permission: String =
      "apply ipvlan.yaml, or the chart, of this version again: its roles allow it"
  ) { self.permission = permission }

  /// What was listed may be of a state that the server does not have any more.
  package mutating func forgetList() { isComplete = false }

  /// Takes note of what a reflector has told.
  package mutating func note<Object>(_ event: ReflectorEvent<Object>) {
    switch event {
    case .listed(let list):
      isComplete = true
      version = list.resourceVersion
      failure = nil
    case .changed(let object), .deleted(let object):
      version = object.metadata.resourceVersion ?? version
      failure = nil
    case .connected: failure = nil
    case .failed(let error, _):
      failure = Failure(
        problem: "\(error)", cause: error.problem, since: failure?.since ?? .now().inSeconds,
        isTransient: error.isTransient, remedy: remedy(for: error.kind))
    }
  }

  private func remedy(for kind: KubernetesError.Kind) -> String? {
    switch kind {
    case .unauthorized: "make a new token, or a new certificate, for the kubeconfig"
    case .forbidden: permission
    default: nil
    }
  }
}
