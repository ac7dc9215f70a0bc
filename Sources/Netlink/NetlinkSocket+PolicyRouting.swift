public import Addressing
internal import CNetlink
internal import Platform

/// Routes and rules that carry their maker's protocol number.
extension NetlinkSocket {
  /// Installs routes and rules in one system call. A route takes the place of one to the same destination with
  /// the same priority in the same table. A rule that exists already is no error.
  /// As `ip route replace DESTINATION dev LINK table TABLE proto PROTOCOL` for each route, and
  /// `ip rule add RULE protocol PROTOCOL` for each rule.
  /// - Throws: ``NetlinkError`` of the first that the kernel refused; later ones may have been carried out.
  public mutating func install(
    _ routes: [NodeRoute], _ rules: [PolicyRule], routeProtocol: UInt8
  ) throws(NetlinkError) {
    let outcomes = try exchange(
      routes.map { NetlinkRequest.addRoute($0, routeProtocol: routeProtocol) }
        + rules.map { NetlinkRequest.addRule($0, routeProtocol: routeProtocol) })
    for outcome in outcomes.prefix(routes.count) {
      if let error = outcome.error { throw error }
    }
    for outcome in outcomes.dropFirst(routes.count) {
      if let error = outcome.error, error.errno != .fileExists { throw error }
    }
  }

  /// Removes routes and rules in one system call. A route or rule that does not exist is no error.
  ///
  /// Only routes with that protocol number are removed.
  /// As `ip route delete DESTINATION dev LINK table TABLE proto PROTOCOL` for each route, and `ip rule delete RULE` for
  /// each rule.
  /// - Throws: ``NetlinkError`` of the first that the kernel refused; later ones may have been carried out.
  public mutating func remove(
    _ routes: [NodeRoute], _ rules: [PolicyRule] = [], routeProtocol: UInt8
  ) throws(NetlinkError) {
    let outcomes = try exchange(
      routes.map { NetlinkRequest.deleteRoute($0, routeProtocol: routeProtocol) }
        + rules.map(NetlinkRequest.deleteRule))
    for outcome in outcomes {
      // ESRCH is a missing route, ENOENT a missing rule, ENODEV a route whose link is gone.
      guard let error = outcome.error, error.errno != .noSuchProcess,
        error.errno != .noSuchFileOrDirectory, error.errno != .operationNotSupportedByDevice
      else { continue }
      throw error
    }
  }

  /// The rules of a family that look a table up, in their order.
  /// As `ip -4 rule show`, or `-6`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func rules(_ family: IPFamily) throws(NetlinkError) -> [PolicyRule] {
    do throws(NetlinkError) {
      return try list(.rules(family)).compactMap(PolicyRule.init)
    } catch  where error.errno == .addressFamilyNotSupported || error.errno == .notSupported {
      // The kernel has no IPv6.
      return []
    }
  }

  /// Sets up a link of the node that carries other hosts' packets only: it makes itself no IPv6 address
  /// (`IN6_ADDR_GEN_MODE_NONE`, Linux 3.17).
  /// As `ip link set dev LINK addrgenmode none` and `ip link set dev LINK up`.
  /// - Throws: ``NetlinkError`` when the kernel refuses to set it up.
  public mutating func bringUpWithoutAddress(_ link: Link) throws(NetlinkError) {
    let outcomes = try exchange([
      .withoutGeneratedAddress(index: link.index, name: link.name),
      .bringUp(index: link.index, name: link.name),
    ])
    // Without IPv6 there is nothing to switch off.
    if let error = outcomes[0].error, error.errno != .addressFamilyNotSupported { throw error }
    if let error = outcomes[1].error { throw error }
  }

  /// Lets everything that leaves by a link come in by another one instead, as if it came from outside
  /// (act_mirred, cls_matchall; Linux 4.8).
  /// As `tc qdisc add dev LINK clsact` and `tc filter add dev LINK egress protocol all prio 1 handle 1 matchall action
  /// mirred ingress redirect dev TARGET`.
  /// - Throws: ``NetlinkError`` when the kernel lacks a piece of it.
  public mutating func redirectEgress(of link: Link, into target: Link) throws(NetlinkError) {
    let outcomes = try exchange([
      .addFilterHooks(toLink: link.index, named: link.name),
      .redirectEgress(ofLink: link.index, named: link.name, intoLink: target.index),
    ])
    for outcome in outcomes {
      if let error = outcome.error, error.errno != .fileExists { throw error }
    }
  }

  /// Leaves a note on a link.
  /// As `ip link set dev LINK alias ALIAS group 0`.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  public mutating func annotate(_ link: Link, alias: String) throws(NetlinkError) {
    try perform([.annotate(index: link.index, name: link.name, alias: alias)])
  }
}
