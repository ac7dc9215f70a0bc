import Addressing
import Netlink
import Testing

@testable import IPVLAN

/// Host access as values, before the kernel sees any of it.
@Suite struct HostAccessTests {
  @Test(arguments: [
    ("ens5", "ih-ens5"), ("enp0s31f6abc", "ih-enp0s31f6abc"),
  ])
  func theHostLinkIsNamedAfterItsMaster(master: String, name: String) {
    #expect(HostLink.name(ofMaster: master) == name)
  }

  @Test func longNamesAreCutAndStayDifferent() {
    let names = ["enp0s20f0u1u2c1", "enp0s20f0u1u2c2"].map(HostLink.name)
    #expect(Set(names).count == 2)
    for name in names {
      #expect(name.utf8.count == 15)
      #expect(name.hasPrefix("ih-enp0s20"))
    }
  }

  @Test func theNoteIsReadBack() {
    let gateways = ["172.31.16.1", "fe80:ec2::1"].compactMap { IPAddress($0) }
    let note = HostLink.Note(
      number: 31, mode: .l3s, flag: .private, families: [.v4, .v6], hasFilter: true, gateways: gateways)
    #expect(
      note.description == "ipvlan host access 31 l3s private v4 v6 nft3 via 172.31.16.1 via fe80:ec2::1")
    #expect(HostLink.Note(note.description) == note)
    let bare = HostLink.Note(
      number: 1, mode: .l3, flag: .bridge, families: [], hasFilter: false, gateways: [])
    #expect(HostLink.Note(bare.description) == bare)
  }

  @Test func whatEarlierVersionsMadeIsNotComplete() {
    let note = HostLink.Note("ipvlan host access 2 l3s bridge v4 nft @0a1b2c3d")
    #expect(note?.number == 2)
    #expect(note?.hasFilter == false)
    #expect(note?.gateways == [])
  }

  @Test(arguments: [
    "", "ipvlan host access", "ipvlan host access 0 l3s bridge", "cni:net/id/eth0",
    "ipvlan host access 32 l3s bridge v4", "ipvlan host access 1 l4 bridge",
  ])
  func otherNotesAreNone(text: String) { #expect(HostLink.Note(text) == nil) }

  @Test func numbersTellMastersApart() {
    let marks = HostAccessNumbers.range.map { HostAccessNumbers.mark($0).value }
    #expect(Set(marks).count == 31)
    #expect(marks.allSatisfy { $0 & ~HostAccessNumbers.markMask == 0 && $0 != 0 })
    for number in HostAccessNumbers.range {
      #expect(HostAccessNumbers.number(ofTable: HostAccessNumbers.table(number)) == number)
    }
    #expect(HostAccessNumbers.number(ofTable: 254) == nil)
    #expect(HostAccessNumbers.number(ofTable: 4132) == nil)
  }

  @Test func tablesOfInterfacesFollowFromTheirNames() {
    let tables = ["eth0", "net1", "net2", "net3"].map(SourceRouting.table)
    #expect(Set(tables).count == 4)
    #expect(tables.allSatisfy { $0 > 1 << 31 })
    #expect(SourceRouting.table(of: "net1") == 2_687_613_867)
  }
}
