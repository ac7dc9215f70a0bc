import Foundation
import JSON
import Platform
import Testing

@testable import IPAM

/// Pools that several nodes could have.
@Suite struct SharedPoolTests {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "shared-\(UUID())").path

  private func write(_ spec: String, sharing: String? = nil, to file: String = "p.json") throws {
    try FileManager.default.createDirectory(atPath: "\(directory)/pools", withIntermediateDirectories: true)
    let note = sharing.map { #", "annotations": {"ipvlan-cni.dev/shared": "\#($0)"}"# } ?? ""
    let document =
      #"{"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "p"\#(note)},"#
      + #" "spec": {"subnet": "10.0.0.0/24", "default": true, \#(spec)}}"#
    try document.write(toFile: "\(directory)/pools/\(file)", atomically: true, encoding: .utf8)
  }

  private func allocator(_ isSingleNode: Bool = false) throws -> IPPoolAllocator {
    try IPPoolAllocator(
      JSONFields([
        "poolDir": .string("\(directory)/pools"), "dataDir": .string("\(directory)/leases"),
        "runDir": .string("\(directory)/run"), "nodeName": .string("n1"), "singleNode": .bool(isSingleNode),
        "cooldownSeconds": .int(0),
      ]), network: "n", environment: Environment())
  }

  private func add(_ pod: String, isSingleNode: Bool = false) throws -> String {
    try allocator(isSingleNode).allocate(request(pod)).assignments.map { "\($0.address)" }.joined()
  }

  private func request(_ pod: String) -> AllocationRequest {
    AllocationRequest(attachment: AttachmentID(network: "n", containerID: pod, ifname: "eth0"))
  }

  @Test(
    "what several nodes could give is given by none, unless there is one node",
    arguments: [
      "", #""nodeName": ["n1", "n2"], "#,
      #""nodeAffinity": {"matchLabels": {"kubernetes.io/hostname": "n1"}}, "#,
    ])
  func refused(_ nodes: String) throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try write(nodes + #""ips": ["10.0.0.1-10.0.0.9"]"#)
    let refusal = #expect(throws: AllocationError.self) { try add("a") }
    #expect(refusal?.kind == .exhausted)
    #expect(refusal?.details.contains("pool p: several nodes would share it") ?? false, "\(refusal as Any)")
    #expect(refusal?.details.contains("spec.nodeName") ?? false)
    #expect(refusal?.details.contains("ipvlan-agent") ?? false)
    #expect(throws: AllocationError.self) { try allocator().status(avoiding: OccupiedAddresses()) }
    #expect(try add("a", isSingleNode: true) == "10.0.0.1/24")
  }

  @Test(
    "whoever looks beforehand is told, unless the pool is another node's or serves the only node",
    arguments: [
      ("", true), (#""nodeName": ["n1", "n2"], "#, true), (#""nodeName": ["n2", "n3"], "#, false),
      (#""nodeName": ["n1"], "#, false), (#""disable": true, "#, false), (#""multusName": ["x"], "#, true),
      (#""nodeAffinity": {"matchLabels": {"kubernetes.io/hostname": "n1"}}, "#, true),
      (#""nodeAffinity": {"matchLabels": {"kubernetes.io/hostname": "n2"}}, "#, false),
      (#""nodeAffinity": {"matchLabels": {"rack": "7"}}, "#, true),
    ])
  func surveyed(_ spec: String, isTold: Bool) throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try write(spec + #""ips": ["10.0.0.1"]"#)
    #expect(try allocator().survey().undivided.map(\.name) == (isTold ? ["p"] : []))
    #expect(try allocator(true).survey().undivided.isEmpty)
    try write(spec + #""ips": ["10.0.0.1"]"#, sharing: "none")
    #expect(try allocator().survey().undivided.isEmpty)
  }

  @Test("one name, also written twice, is one node")
  func single() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try write(#""nodeName": ["n1", "n1"], "ips": ["10.0.0.1"]"#)
    #expect(try add("a") == "10.0.0.1/24")
  }

  @Test("of a part that an agent has cut out addresses are given; the agent is asked for more")
  func part() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try write(#""ips": ["10.0.0.4"]"#, sharing: "more")
    #expect(try add("a") == "10.0.0.4/24")
    let wishes = PoolWishes(runDirectory: "\(directory)/run")
    #expect(wishes.take().isEmpty)
    let refusal = #expect(throws: AllocationError.self) { try add("b") }
    #expect(refusal?.kind == .busy)
    #expect(refusal?.message.contains("ipvlan-agent has been asked") ?? false)
    #expect(wishes.take() == ["p"])
    #expect(wishes.take().isEmpty)
    // No block at all yet.
    try write(#""ips": []"#, sharing: "more")
    #expect(#expect(throws: AllocationError.self) { try add("c") }?.kind == .busy)
    // Nobody could claim more.
    try write(#""ips": ["10.0.0.4"]"#, sharing: "none")
    let last = #expect(throws: AllocationError.self) { try add("d") }
    #expect(last?.kind == .exhausted)
    #expect(last?.details.contains("kubectl get ipvlanblocks") ?? false)
  }

  @Test(
    "what leaves the agent's file while an ADD waits for the store is not given", arguments: ["more", nil])
  func underLock(sharing: String?) throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let single = #""nodeName": ["n1"], "#
    try write(single + #""ips": ["10.0.0.4"]"#, sharing: sharing, to: PoolCatalog.agentFileName)
    let allocator = try allocator()
    let catalog = allocator.nodesCatalog()
    let choice = try allocator.choose(for: request("a"), in: catalog)
    #expect(choice.selection.pools(.v4).map { "\($0.addresses.ranges)" } == ["[10.0.0.4]"])
    try write(single + #""ips": ["10.0.0.5"]"#, sharing: sharing, to: PoolCatalog.agentFileName)
    let now = try allocator.current(choice, catalog, for: request("a"))
    #expect(now.pools(.v4).map { "\($0.addresses.ranges)" } == ["[10.0.0.5]"])
  }
}
