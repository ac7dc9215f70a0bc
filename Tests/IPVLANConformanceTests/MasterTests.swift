import ConformanceSupport
import JSON
import Testing

/// How the parent link is found and judged.
@Suite struct MasterTests {
  @Test(arguments: ["ens6", "enp0s6-primary", Site.ens6.mac, Site.ens6.mac.uppercased()])
  func theMasterIsFoundByNameAltnameAndMAC(master: String) throws {
    try withCleanNode { node in
      try node.namespace.ip("link", "property", "add", "dev", "ens6", "altname", "enp0s6-primary")
      var attachment = try node.linkOnly(master: master)
      try attachment.add()
      #expect(
        try attachment.link()["link_index"]?.int == (try node.namespace.link("ens6")?["ifindex"]?.int))
      try attachment.check()
      try attachment.delete()
      try node.namespace.ip("link", "property", "del", "dev", "ens6", "altname", "enp0s6-primary")
    }
  }

  @Test func withoutMasterItIsTheNICOfTheDefaultRoute() throws {
    try withCleanNode { node in
      try node.namespace.batch("route replace default via 210.22.16.1 dev ens6\n")
      var attachment = try node.linkOnly(master: nil)
      try attachment.add()
      #expect(
        try attachment.link()["link_index"]?.int == (try node.namespace.link("ens6")?["ifindex"]?.int))
      try attachment.check()
      try attachment.delete()
      try node.namespace.batch("route replace default via 172.31.16.1 dev ens5\n")
    }
  }

  @Test func ofSeveralDefaultRoutesTheOneWithTheLowestMetricCounts() throws {
    try withCleanNode { node in
      try node.namespace.batch(
        "route delete default\nroute add default via 172.31.16.1 dev ens5 metric 200\n"
          + "route add default via 210.22.16.1 dev ens6 metric 100\n")
      var attachment = try node.linkOnly(master: nil)
      try attachment.add()
      #expect(
        try attachment.link()["link_index"]?.int == (try node.namespace.link("ens6")?["ifindex"]?.int))
      try attachment.delete()
      try node.namespace.batch(
        "route flush default\nroute add default via 172.31.16.1 dev ens5\n")
    }
  }

  @Test func withOnlyAnIPv6DefaultRouteThatOneCounts() throws {
    try withCleanNode { node in
      try node.namespace.batch("route delete default via 172.31.16.1\n")
      var attachment = try node.linkOnly(master: nil)
      try attachment.add()
      #expect(
        try attachment.link()["link_index"]?.int == (try node.namespace.link("ens5")?["ifindex"]?.int))
      try attachment.delete()
      try node.namespace.batch("route add default via 172.31.16.1 dev ens5\n")
    }
  }

  @Test func ofAMultipathDefaultRouteTheFirstNICCounts() throws {
    try withCleanNode { node in
      try node.namespace.batch(
        "route replace default nexthop via 210.22.16.1 dev ens6 nexthop via 172.31.16.1 dev ens5\n")
      var attachment = try node.linkOnly(master: nil)
      try attachment.add()
      #expect(
        try attachment.link()["link_index"]?.int == (try node.namespace.link("ens6")?["ifindex"]?.int))
      try attachment.check()
      try attachment.delete()
      try node.namespace.batch("route replace default via 172.31.16.1 dev ens5\n")
    }
  }

  @Test func aBlackholeDefaultRouteLeadsToNoMaster() throws {
    try withCleanNode { node in
      try node.namespace.batch("route replace blackhole default\nroute delete ::/0 dev ens5\n")
      var attachment = try node.attachment(master: nil)
      try attachment.mustFail(code: 100, naming: "master", "default route")
      try node.namespace.batch(
        "route delete blackhole default\nroute add default via 172.31.16.1 dev ens5\n"
          + "route add ::/0 via fe80:ec2::1 dev ens5\n")
    }
  }

  @Test func withoutMasterAndDefaultRouteTheErrorSaysSo() throws {
    try withCleanNode { node in
      try node.namespace.batch("route delete default via 172.31.16.1\nroute delete ::/0 dev ens5\n")
      var attachment = try node.attachment(master: nil)
      try attachment.mustFail(code: 100, naming: "master", "default route")
      try node.namespace.batch(
        "route add default via 172.31.16.1 dev ens5\nroute add ::/0 via fe80:ec2::1 dev ens5\n")
    }
  }

  @Test(arguments: ["ens7", "0a:00:00:00:00:99"])
  func aMissingMasterIsNamed(master: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: master)
      try attachment.mustFail(code: 100, naming: master)
    }
  }

  @Test func aMasterThatIsDownIsNamedWithTheCommandThatMendsIt() throws {
    try withCleanNode { node in
      try node.namespace.ip("link", "add", "spare", "type", "dummy")
      var attachment = try node.attachment(master: "spare")
      try attachment.mustFail(code: 100, naming: "spare", "down", "ip link set dev spare up")
      try node.namespace.ip("link", "delete", "spare")
    }
  }

  @Test func theLoopbackInterfaceIsNoMaster() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: "lo")
      try attachment.mustFail(code: 100, naming: "lo")
    }
  }

  @Test func anIPVLANLinkIsNoMaster() throws {
    try withCleanNode { node in
      try node.namespace.batch("link add slave link ens5 type ipvlan\nlink set slave up\n")
      var attachment = try node.attachment(master: "slave")
      try attachment.mustFail(code: 100, naming: "slave", "ipvlan")
      try node.namespace.ip("link", "delete", "slave")
    }
  }

  @Test func aMacvlanLinkOnTheMasterIsNamedInTheError() throws {
    try withCleanNode { node in
      try node.namespace.ip("link", "add", "mv0", "link", "ens6", "type", "macvlan")
      var attachment = try node.attachment(master: "ens6")
      try attachment.mustFail(code: 100, naming: "ens6", "macvlan", "mv0")
      try node.namespace.ip("link", "delete", "mv0")
    }
  }

  @Test func aBridgeOnTheMasterIsNamedInTheError() throws {
    try withCleanNode { node in
      try node.namespace.batch("link add br0 type bridge\nlink set ens6 master br0\n")
      var attachment = try node.attachment(master: "ens6")
      try attachment.mustFail(code: 100, naming: "ens6", "bridge", "br0")
      try node.namespace.batch("link set ens6 nomaster\nlink delete br0\n")
    }
  }

  @Test func aVLANCanBeMaster() throws {
    try withCleanNode { node in
      try node.namespace.batch("link add vlan7 link ens5 type vlan id 7\nlink set vlan7 up\n")
      try node.fabric.batch(
        "link add vlan7 link to-ens5 type vlan id 7\nlink set vlan7 up\naddr add 10.7.0.1/24 dev vlan7\n")
      var attachment = try node.attachment(
        master: "vlan7", ipam: Configuration.staticIPAM("10.7.0.5/24 via 10.7.0.1"))
      try attachment.add()
      try attachment.check()
      #expect(try Traffic.ping("10.7.0.1", from: attachment.pod.namespace))
      try attachment.delete()
      try node.namespace.ip("link", "delete", "vlan7")
      try node.fabric.ip("link", "delete", "vlan7")
    }
  }

  @Test func aBondCanBeMaster() throws {
    try withCleanNode { node in
      // Two ports of a bond have one MAC address: the bond is meant, not its ports.
      try node.namespace.batch(
        "link add bond7 type bond mode active-backup\nlink add d1 type dummy\nlink set d1 master bond7\n"
          + "link set bond7 up\nlink set bond7 address 0a:00:00:00:77:01\n")
      for master in ["bond7", "0a:00:00:00:77:01"] {
        var attachment = try node.linkOnly(master == "bond7" ? "a" : "b", master: master)
        try attachment.add()
        #expect(
          try attachment.link()["link_index"]?.int == (try node.namespace.link("bond7")?["ifindex"]?.int))
        try attachment.delete()
      }
      try node.namespace.batch("link delete bond7\nlink delete d1\n")
    }
  }

  @Test func aMACAddressOtherThanTheMastersIsRefusedNamingBoth() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.arguments = "MAC=02:00:00:00:00:01"
      try attachment.mustFail(code: 7, naming: "02:00:00:00:00:01", Site.ens5.mac)
    }
  }
}
