import IPAM
import Testing

@testable import IPVLAN

/// The note on a link: written for any attachment, read from whoever could write it.
@Suite struct LinkIdentityTests {
  static let lengths = [
    (1, 1), (3, 64), (180, 64), (181, 64), (200, 64), (3, 242), (3, 246), (106, 129), (5000, 5000),
  ]

  @Test(arguments: lengths) func theKernelTakesTheNoteAndItIsReadBack(network: Int, container: Int) throws {
    let attachment = AttachmentID(
      network: String(repeating: "n", count: network), containerID: String(repeating: "c", count: container),
      ifname: "fifteen-bytes-x")
    let identity = LinkIdentity(attachment)
    #expect(identity.alias.utf8.count <= 254)
    #expect(LinkIdentity.attachment(notedAs: identity.alias) == attachment.noted)
    // What fits is written whole, as ever: links of earlier versions are known by it.
    if attachment.description.utf8.count <= 250 { #expect(attachment.noted == attachment) }
    // GC's list knows no network, and must find the container all the same.
    #expect([container, 128].contains(attachment.noted.containerID.utf8.count))
    if attachment.noted.containerID != attachment.containerID {
      #expect(attachment.noted.containerID == AttachmentID.noted(containerID: attachment.containerID))
    }
  }

  @Test func longNamesThatDifferAtTheEndStayDifferent() {
    let aliases = ["x", "y"].flatMap { end in
      ["x", "y"].map { other in
        LinkIdentity(
          AttachmentID(
            network: String(repeating: "n", count: 300) + end,
            containerID: String(repeating: "c", count: 300) + other,
            ifname: "eth0")
        ).alias
      }
    }
    #expect(Set(aliases).count == 4)
  }

  @Test(arguments: [
    "", "cni:", "cni:a/b", "cni:a/b/eth0/x", "cni:/b/eth0", "cni:a//eth0", "cni:a/b/", "host:a/b/eth0",
    "cni:ha/\u{1B}[31mx;touch PWNED;/eth0", "cni:a/$(reboot)/eth0", "cni:a/b c/eth0", "cni:-a/b/eth0",
    "cni:a/.b/eth0",
    "cni:a/b\n/eth0", "cni:a/b/eth 0", "cni:a/b/sixteen-bytes-xx", "cni:a/b/..", "cni:a/b/\u{1B}c",
    "cni:a/bé/eth0",
    "cni:a/b~1/eth0", "cni:a/~0123456789abcdef/eth0", "cni:a/b~0123456789ABCDEF/eth0",
    "cni:a/b~0123456789abcdef0/eth0",
    "cni:a/b~;;;;;;;;;;;;;;;;/eth0", "cni:a/b/\u{301}/eth0",
  ])
  func aTextThatNoRuntimeCouldHavePassedIsNotOurs(alias: String) {
    #expect(LinkIdentity.attachment(notedAs: alias) == nil)
  }
}
