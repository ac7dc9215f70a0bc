import ConformanceSupport
import JSON
import Testing

/// Default routes of the node that are no plain ones, when no master is configured.
@Suite struct DefaultRouteTests {
  private func master(ofDefaultRoute commands: String) throws -> (reply: PluginReply, parent: Int?) {
    var outcome: (PluginReply, Int?)?
    try withCleanNode { node in
      try node.namespace.batch(
        "route delete default via 172.31.16.1\nroute delete ::/0 dev ens5\n\(commands)\n")
      var attachment = try node.linkOnly(master: nil)
      let reply = try attachment.call(.add)
      let link = try attachment.pod.namespace.link("eth0")
      outcome = (reply, link?["link_index"]?.int)
      try attachment.delete()
      try node.namespace.batch(
        "route flush default\nroute add default via 172.31.16.1 dev ens5\n"
          + "route add ::/0 via fe80:ec2::1 dev ens5\n")
    }
    return try #require(outcome)
  }

  @Test func ofAMultipathRouteTheFirstNextHopCounts() throws {
    let (reply, parent) = try master(
      ofDefaultRoute: "route add default nexthop via 210.22.16.1 dev ens6 nexthop via 172.31.16.1 dev ens5")
    #expect(reply.isSuccess, "\(reply)")
    // ens5 is link 2 and ens6 link 3 of every node.
    #expect(parent == 3)
  }

  @Test func aBlackholeRouteNamesNoNIC() throws {
    let (reply, _) = try master(ofDefaultRoute: "route add blackhole default")
    #expect(reply.code == 100, "\(reply)")
    #expect("\(reply.message) \(reply.details)".contains("default route"), "\(reply)")
  }

  @Test func aBlackholeRouteDoesNotHideAPlainOne() throws {
    let (reply, parent) = try master(
      ofDefaultRoute:
        "route add blackhole default metric 500\nroute add default via 210.22.16.1 dev ens6 metric 600"
    )
    #expect(reply.isSuccess, "\(reply)")
    #expect(parent == 3)
  }
}
