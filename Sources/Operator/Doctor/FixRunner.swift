internal import Addressing
internal import CNI
internal import IPVLAN
internal import Netlink
internal import Platform

/// Carries out what is safe to do without asking.
enum FixRunner {
  /// Mends one thing.
  /// - Returns: why it could not; `nil` when it could.
  static func apply(_ fix: Finding.Fix, _ state: NodeState) -> String? {
    switch fix {
    case .collectGarbage:
      let failures = state.garbage.collect { _ in }
      return failures.isEmpty ? nil : failures.map(\.message).joined(separator: "; ")
    case .bringUp(let index, let name):
      return attempt("set \(name) up") {
        var socket = try NetlinkSocket()
        try socket.bringUp(index: index, name: name)
      }
    case .restoreHostAccess(let name):
      return attempt("restore the host access of \(name)") { try restore(name, state) }
    case .restoreFence:
      return attempt("restore the fence") {
        let addresses = Set(FenceCheck.addresses(state))
        let pods = FenceCheck.pods(state).compactMap { $0.running(with: $0.hosts.filter(addresses.contains)) }
        try Fence.restore(pods, host: NetworkNamespace.host())
      }
    }
  }

  /// What ``apply(_:_:)`` would do, in words, a line for each thing.
  static func plan(_ fix: Finding.Fix, _ state: NodeState) -> [String] {
    switch fix {
    case .collectGarbage: GarbageReport(state.garbage, isDryRun: true, all: false).plan
    case .bringUp(_, let name): ["set \(name) up"]
    case .restoreHostAccess(let name):
      state.inventory.nodeLinks.filter { $0.name == name }.flatMap { restoration(on: $0, state) }
    case .restoreFence:
      [
        "put into nftables table inet \(Fence.tableName) those of these that are missing: \(list(FenceCheck.addresses(state)))"
      ]
    }
  }

  private static func restoration(on master: Link, _ state: NodeState) -> [String] {
    let pods = HostAccessCheck.pods(of: master, state)
    guard let mode = pods.first?.link.ipvlanMode else { return [] }
    let name = HostLink.name(ofMaster: master.name)
    return [
      "make what is missing of host access by \(master.name): host-side slave \(name) in mode \(mode), as running pods have it, "
        + "its routing table and rules, nftables table inet \(name), and routes to \(list(pods.flatMap(\.hosts)))"
    ]
  }

  private static func list(_ addresses: [IPAddress]) -> String {
    addresses.sorted().map(\.description).joined(separator: ", ")
  }

  private static func restore(_ name: String, _ state: NodeState) throws {
    guard let master = state.inventory.nodeLinks.first(where: { $0.name == name }) else { return }
    let pods = HostAccessCheck.pods(of: master, state)
    try HostAccessRepair.restore(
      on: master, pods: pods.compactMap { $0.running(with: $0.hosts) },
      gateways: pods.flatMap { $0.cached?.gateways ?? [] })
  }

  private static func attempt(_ what: String, _ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch let error as CNIError {
      return "cannot \(what): \(error.text)"
    } catch {
      return "cannot \(what): \(error)"
    }
  }
}

extension NodeLink {
  fileprivate func running(with addresses: [IPAddress]) -> RunningPod? {
    master.map { RunningPod(link, on: $0, in: place.identity, path: place.path, addresses: addresses) }
  }
}
