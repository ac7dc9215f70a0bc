import Addressing
import Foundation
import JSON
import Platform
import Testing

@testable import IPAM

/// Leases and files of other versions of plugin and agent.
@Suite struct EarlierVersionTests {
  /// What 1.0 wrote, and what it needs: it reads no other members, and leaves them out when it writes the lease again.
  private static let record =
    #"{"network":"n","containerID":"c","ifname":"eth0","pool":"p","since":1795934172,"pod":"default/b","netns":"/run/netns/b"}"#

  @Test("a lease of 1.0 is read, and one of ours has all that 1.0 reads")
  func leases() throws {
    let address = try #require(IPAddress("10.0.0.1"))
    var lease = try #require(Lease(address, record: Array(Self.record.utf8)))
    #expect(lease.pod == "default/b")
    #expect(lease.podUID == nil)
    #expect(lease.mark == nil)
    lease = Lease(
      address: address, attachment: lease.attachment, pool: lease.pool, pod: lease.pod, podUID: "u",
      netns: lease.netns, since: lease.since, release: nil
    ).marked(7)
    let ours = try #require(try JSONValue(parsing: lease.record).object)
    let theirs = try #require(try JSONValue(parsing: Array(Self.record.utf8)).object)
    for (key, value) in theirs.members { #expect(ours[key] == value, "\(key)") }
    #expect(ours["podUID"]?.string == "u")
    #expect(Lease(address, record: lease.record) == lease)
  }

  /// The pools that are used of an agent's file.
  private func pools(_ list: String, _ metadata: String, _ spec: String = "") throws -> [NodePool] {
    let directory = FileManager.default.temporaryDirectory.appending(path: "versions-\(UUID())").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let item =
      #"{"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "<name>", "#
      + #""uid": "u", "generation": 3, "creationTimestamp": "2026-11-29T06:34:58Z"<metadata>}, "spec": {"subnet": "#
      + #""10.0.0.0/24", "ips": ["<ip>"]<spec>}}"#
    let items = [("a", "10.0.0.1", metadata, spec), ("b", "10.0.0.2", "", "")].map {
      name, ip, metadata, spec in
      item.replacing("<name>", with: name).replacing("<ip>", with: ip).replacing("<metadata>", with: metadata)
        .replacing("<spec>", with: spec)
    }
    let text =
      #"{"apiVersion": "v1", "kind": "List", "metadata": {\#(list)}, "items": [\#(items.joined(separator: ","))]}"#
    try text.write(toFile: "\(directory)/zz-kubernetes.json", atomically: true, encoding: .utf8)
    return PoolCatalog(directory: directory).pools
  }

  @Test("the file of the first agents is read: they divided no pools, and followed no pods")
  func earlierAgent() throws {
    let pools = try pools(#""writtenBy": "ipvlan-agent 1.1.0", "server": "s", "time": "t""#, "")
    #expect(pools.map(\.name) == ["a", "b"])
    #expect(pools.map(\.sharing) == [nil, nil])
  }

  /// That is where a later agent may say more: anything else would be refused, since it may be a mistyped key.
  @Test(
    "the file of a later agent is read as far as it is known, when it says more in annotations and its own metadata"
  )
  func laterAgent() throws {
    let list = #""writtenBy": "ipvlan-agent 9", "somethingElse": {"a": [1]}, "followsPods": false"#
    let note = #", "annotations": {"ipvlan-cni.dev/shared": "more", "ipvlan-cni.dev/else": "x"}"#
    let pools = try pools(list, note)
    #expect(pools.map(\.name) == ["a", "b"])
    #expect(pools.map(\.sharing) == [.more, nil])
  }

  @Test("what a later agent says of a shared pool in words that are not known gives nothing")
  func unknownSharing() throws {
    let pools = try pools("", #", "annotations": {"ipvlan-cni.dev/shared": "partly"}"#)
    #expect(pools.first?.sharing == nil)
    #expect(pools.first?.sharingObjection != nil)
  }

  @Test("a key that is not known refuses its pool and no other")
  func unknownKey() throws {
    #expect(try pools("", "", #", "later": 1"#).map(\.name) == ["b"])
  }
}
