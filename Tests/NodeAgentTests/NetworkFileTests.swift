import CNI
import ClusterObjects
import ClusterTestSupport
import Foundation
import JSON
import KubernetesStandIn
import MultiNetwork
import Platform
import Testing

@testable import KubernetesClient
@testable import NodeAgent

/// The files of NetworkAttachmentDefinitions, and the annotation about what pods have got, beside an API server.
@Suite struct NetworkFileTests {
  @Test(
    "each definition is a file that ipvlan-multi reads, and nothing but that is asked for without the switch")
  func files() async throws {
    try await running({ $0.networks = true }) { running in
      try await running.define("a")
      try await running.define("b", namespace: "shop", config: nil)
      try await eventually("the files") { running.networkFiles == ["default_a.json", "shop_b.json"] }
      #expect(try running.network("default/a").types == ["ipvlan"])
      try await running.define("a", config: #"{"cniVersion": "1.0.0", "plugins": [{"type": "bridge"}]}"#)
      try await eventually("the change") { (try? running.network("default/a").types) == ["bridge"] }
      try await running.client.delete(Resources.definitions, "a", namespace: "default")
      try await eventually("no file") { running.networkFiles == ["shop_b.json"] }
      // The pods' own files come with it.
      let uid = try await running.createPod("p", annotations: ["k8s.v1.cni.cncf.io/networks": "a"])
      try await eventually("the pod's file") { running.record(uid) != nil }
    }
    try await running { running in
      try await running.define("a")
      try await eventually("the report") { await running.condition("PoolsInSync") == "True InStep" }
      #expect(running.networkFiles.isEmpty)
      #expect(running.count("list", "network-attachment-definitions") == 0)
    }
  }

  @Test(
    "what cannot be read leaves the files as they are",
    arguments: [
      Fault.status(401, reason: "Unauthorized"), .status(403, reason: "Forbidden"),
      .status(404, reason: "NotFound"),
      .status(503, reason: "ServiceUnavailable"), .text(200, #"{"items":[]}"#), .cut(bytes: 200),
    ])
  func failures(_ fault: Fault) async throws {
    try await running(
      { $0.networks = true },
      before: { running in
        try Files.makeDirectory("\(running.runDirectory)/networks")
        try "of the run before".write(
          toFile: "\(running.runDirectory)/networks/default_old.json", atomically: true, encoding: .utf8)
        try await running.define("a")
        let path = "network-attachment-definitions"
        running.server.order(FaultRule(fault, to: "list", path: path, times: nil))
      }
    ) { running in
      try await eventually("tries") {
        running.count("list", "network-attachment-definitions") >= 4
      }
      #expect(running.networkFiles == ["default_old.json"])
      try await eventually("the report") {
        await running.condition("PoolsInSync")?.hasPrefix("False Network") ?? false
      }
      running.server.behave()
      try await eventually("in step") { running.networkFiles == ["default_a.json"] }
      try await eventually("and says so") { await running.condition("PoolsInSync") == "True InStep" }
    }
  }

  @Test("a file that somebody has removed or changed is mended")
  func mended() async throws {
    try await running({ $0.networks = true }) { running in
      try await running.define("a")
      let path = "\(running.runDirectory)/networks/default_a.json"
      try await eventually("the file") { running.networkFiles == ["default_a.json"] }
      try "{".write(toFile: path, atomically: true, encoding: .utf8)
      try "{}".write(
        toFile: "\(running.runDirectory)/networks/.default_b.json.new", atomically: true, encoding: .utf8)
      try await running.define("c")
      try await eventually("both") { running.networkFiles == ["default_a.json", "default_c.json"] }
      #expect(try running.network("default/a").types == ["ipvlan"])
    }
  }

  @Test("a pod is told which networks it has got, after it has them")
  func status() async throws {
    try await running({ $0.networks = true }) { running in
      let uid = try await running.createPod("p")
      try running.attach("p", uid: uid)
      try await eventually("the annotation") { try await running.networkStatus("p") != nil }
      let status = try #require(try await running.networkStatus("p"))
      let expected = #"""
        [{"name":"default/ipvlan-ens5","interface":"eth0","ips":["172.31.16.4"],"mac":"0a:00:00:00:05:e4","default":true,"dns":{},"gateway":["172.31.16.1"]},{"name":"default/ipvlan-ens6","interface":"net1","ips":["210.22.16.11","2001:db8::1"],"mac":"0a:00:00:00:06:0a","mtu":9001,"dns":{"domain":"x"}}]
        """#
      #expect(status == expected)
    }
  }

  @Test("a later pod of the name is not told, a refusal is tried again, and each pod is told once")
  func statusOfAnother() async throws {
    try await running(
      { $0.networks = true },
      before: { running in
        running.server.order(
          FaultRule(.status(503, reason: "ServiceUnavailable"), to: "patch", path: "pods/p/status", times: 3))
      }
    ) { running in
      let uid = try await running.createPod("p")
      let other = try await running.createPod("q")
      try running.attach("q", uid: "00000000-0000-0000-0000-999999")
      try running.attach("p", uid: uid)
      try await eventually("the annotation") { try await running.networkStatus("p") != nil }
      #expect(try await running.networkStatus("q") == nil && !other.isEmpty)
      let count = running.count("patch", "/status")
      try await Task.sleep(for: .milliseconds(500))
      #expect(running.count("patch", "pods/") <= count)
    }
  }
}

extension Running {
  /// How many requests of that verb came for a path that has that part.
  fileprivate func count(_ verb: String, _ path: String) -> Int {
    server.requests.count { $0.verb == verb && $0.path.contains(path) }
  }

  fileprivate func define(_ name: String, namespace: String = "default", config: String?) async throws {
    var spec: [String: FieldValue] = [:]
    if let config { spec["config"] = .string(config) }
    do throws(KubernetesError) {
      _ = try await client.create(
        Resources.definitions,
        UnstructuredObject(
          metadata: ObjectMetadata(name: name, namespace: namespace), fields: ["spec": .object(spec)]))
    } catch {
      guard error.kind == .alreadyExists else { throw error }
      _ = try await client.mergePatch(
        Resources.definitions, name, namespace: namespace, patch: ["spec": .object(spec)] as FieldValue)
    }
  }

  fileprivate func define(_ name: String) async throws {
    try await define(
      name, config: #"{"cniVersion": "1.1.0", "name": "lan", "type": "ipvlan", "master": "ens5"}"#)
  }

  fileprivate var networkFiles: [String] {
    ((try? Files.names(in: "\(runDirectory)/networks")) ?? []).sorted()
  }

  fileprivate func network(_ name: String) throws -> NetworkList {
    try NetworkDefinitions(runDirectory: runDirectory, confDirectory: "/nowhere")
      .list(try #require(NetworkName(name, in: "")))
  }

  /// Leaves what `ipvlan-multi` does after an ADD.
  fileprivate func attach(_ pod: String, uid: String) throws {
    try Files.makeDirectory(recordDirectory)
    let networks = ["ens5", "ens6"].enumerated().map { number, nic in
      #"{"name": "default/ipvlan-\#(nic)", "interface": "\#(number == 0 ? "eth0" : "net1")", "default": \#(number == 0), "configuration": {"name": "n", "plugins": [{"type": "ipvlan"}]}}"#
    }
    let record = """
      {"network": "multi", "containerID": "c-\(pod)", "ifname": "eth0", "netns": "/run/netns/a",
       "pod": {"namespace": "default", "name": "\(pod)", "uid": "\(uid)"}, "networks": [\(networks.joined(separator: ","))]}
      """
    let results = #"""
      [{"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "mac": "0a:00:00:00:05:e4", "sandbox": "/run/netns/a"}],
        "ips": [{"address": "172.31.16.4/20", "gateway": "172.31.16.1", "interface": 0}], "routes": [{"dst": "0.0.0.0/0"}]},
       {"cniVersion": "1.1.0", "interfaces": [{"name": "br0"}, {"name": "net1", "mac": "0a:00:00:00:06:0a", "mtu": 9001, "sandbox": "/run/netns/a"}],
        "ips": [{"address": "210.22.16.11/24", "interface": 1}, {"address": "2001:db8::1/64"}, {"address": "10.0.0.1/24", "interface": 0}],
        "dns": {"domain": "x"}}]
      """#
    try record.write(
      toFile: "\(recordDirectory)/c-\(pod)@eth0.networks", atomically: true, encoding: .utf8)
    try results.write(
      toFile: "\(recordDirectory)/c-\(pod)@eth0.results", atomically: true, encoding: .utf8)
  }

  fileprivate func networkStatus(_ pod: String) async throws -> String? {
    try await client.get(pods, pod, namespace: "default").metadata.annotations?[NetworkStatus.annotation]
  }
}
