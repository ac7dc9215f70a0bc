internal import IPVLAN
internal import Platform

/// Pods have host access or are fenced as they were made: an edit of `hostAccess` changes none that runs.
struct NodeAccessCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    state.subjects.compactMap { subject in
      // Another mode is told as such.
      guard subject.keys.nodeAccess != .separate else { return nil }
      let others = state.podLinks.filter { pod in
        guard !pod.isHalfMade, state.subject(of: pod)?.network.source == subject.network.source,
          pod.attachment?.network == subject.network.name, let access = state.nodeAccess(of: pod)
        else { return false }
        return access != .separate && access != subject.keys.nodeAccess
      }
      return others.first.map { finding($0, others.count, subject) }
    }
  }

  private static func finding(_ pod: NodeLink, _ count: Int, _ subject: NodeState.Subject) -> Finding {
    let (isOpen, source) = (subject.keys.hasHostAccess, subject.network.source)
    let others = count > 1 ? ", and \(count - 1) more," : ""
    let has = count > 1 ? "have" : "has"
    let change: ShellCommand = "set \"hostAccess\": \(isOpen ? "false" : "true") in \(source)"
    let remedy: ShellCommand =
      pod.restart.map { "\($0) # makes one anew, as the configuration says; or \(change)" } ?? change
    return Finding(
      .nodeAccessConflict,
      "network \(subject.network.name) is \(isOpen ? "with" : "without") hostAccess by now, but \(pod.subject)\(others) \(has) \(isOpen ? "none" : "it")",
      consequence: "pods keep what they have until they are made anew", remedy: remedy)
  }
}
