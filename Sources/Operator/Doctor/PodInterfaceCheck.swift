internal import Netlink

/// The interfaces of pods must be as ADD made them. Of each the first thing is told that the others follow from; the
/// command mends all of them.
struct PodInterfaceCheck: Check {
  static func findings(_ state: NodeState, unread: inout [String]) -> [Finding] {
    state.podLinks.filter { !$0.isHalfMade }.compactMap { finding($0, &unread) }
  }

  private static func finding(_ entry: NodeLink, _ unread: inout [String]) -> Finding? {
    let pod: PodInterface?
    do throws(NetlinkError) { pod = try PodInterface(entry) } catch {
      pod = nil
      unread.append("whether \(entry.subject) is as ADD made it is not known: \(error)")
    }
    if !entry.link.isUp {
      return Finding(
        .linkDown, "\(entry.subject) is down", consequence: "the pod sends and receives nothing",
        remedy: pod?.remedy
          ?? "\(entry.place.prefix)ip link set dev \(entry.link.name) up # its routes are lost: better restart the pod"
      )
    }
    guard let pod, !pod.isWhole else { return nil }
    if let name = pod.lostName {
      return Finding(
        .linkRenamed, "interface \(name) is called \(entry.subject)",
        consequence: "what the pod does with \(name) fails, and CHECK tells the runtime that it is gone",
        remedy: pod.remedy)
    }
    guard pod.missingAddresses.isEmpty else {
      let addresses = pod.missingAddresses.map { "\($0.address)" }.joined(separator: ", ")
      return Finding(
        .addressMissing, "\(entry.subject) has lost its address \(addresses)",
        consequence: "the pod is not reached there; the address stays its own", remedy: pod.remedy)
    }
    return Finding(
      .routeMissing, "\(entry.subject) has not the routes that ADD gave it: \(pod.routeWords)",
      consequence: "the pod does not reach what is behind them", remedy: pod.remedy)
  }
}
