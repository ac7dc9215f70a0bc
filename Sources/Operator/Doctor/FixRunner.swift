internal import Addressing
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
        try Fence.enclose(Fence.missing(FenceCheck.addresses(state)), host: NetworkNamespace.host())
      }
    }
  }

  private static func restore(_ name: String, _ state: NodeState) throws {
    guard let master = state.inventory.nodeLinks.first(where: { $0.name == name }) else { return }
    let pods = HostAccessCheck.pods(of: master, state)
    // Their configuration may say something else by now; what runs is right.
    guard let running = pods.first?.link, let mode = running.ipvlanMode, let flag = running.ipvlanFlag else {
      return
    }
    try HostAccessRepair.restore(
      on: master, mode: mode, flag: flag, gateways: pods.flatMap { $0.cached?.gateways ?? [] },
      addresses: pods.flatMap(\.hosts))
  }

  private static func attempt(_ what: String, _ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return "cannot \(what): \(error)"
    }
  }
}
