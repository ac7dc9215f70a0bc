import Addressing
import CNI
import Testing

/// Which interface of a result is an attachment's, and which addresses are that interface's.
@Suite struct ResultInterfaceTests {
  private let result: CNIResult

  init() throws {
    let assign = { (text: String) in AddressAssignment(address: try #require(CIDR(text))) }
    result = CNIResult(
      interfaces: [
        .init(name: "eth0"), .init(name: "eth0", sandbox: "/run/netns/a"),
        .init(name: "net1", sandbox: "/run/netns/a"),
      ],
      ips: [
        .init(interface: 0, assignment: try assign("10.0.0.1/24")),
        .init(interface: 1, assignment: try assign("10.0.0.2/24")),
        .init(interface: 2, assignment: try assign("10.0.0.3/24")),
        .init(assignment: try assign("10.0.0.4/24")),
      ])
  }

  @Test func anInterfaceOfTheNodeIsNotTheAttachments() {
    #expect(result.position(of: "eth0") == 1)
    #expect(result.position(of: "net1") == 2)
    #expect(result.position(of: "net2") == nil)
  }

  @Test func thePathDecides() {
    #expect(result.position(of: "eth0") { $0 == "/run/netns/a" } == 1)
    #expect(result.position(of: "eth0") { $0 == "/run/netns/b" } == nil)
  }

  @Test(
    arguments: [
      (1, false, ["10.0.0.2/24"]), (1, true, ["10.0.0.2/24", "10.0.0.4/24"]), (nil, false, []),
      (nil, true, ["10.0.0.4/24"]),
    ] as [(Int?, Bool, [String])])
  func anAddressIsTheInterfacesThatItNames(position: Int?, andUnassigned: Bool, addresses: [String]) {
    let found = result.addresses(ofInterface: position, andUnassigned: andUnassigned)
    #expect(found.map(\.address.description) == addresses)
  }

  @Test func addressesOfTheNodesInterfacesAreNotAssignedYet() {
    #expect(result.unassignedIPs(ifname: "eth0") == [0, 1, 3])
    #expect(result.unassignedIPs(ifname: "net2") == [0, 3])
  }
}
