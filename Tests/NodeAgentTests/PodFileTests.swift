import ClusterObjects
import ClusterTestSupport
import Foundation
import IPAM
import KubernetesStandIn
import Operator
import Platform
import Testing

@testable import KubernetesClient
@testable import NodeAgent

private let web: FieldValue = ["matchLabels": ["app": "web"]]

/// The files of pods beside an API server.
@Suite struct PodFileTests {
  @Test("pods are followed while a pool asks for labels, and asked for by nobody else")
  func onDemand() async throws {
    try await running { running in
      let uid = try await running.createPod("p", labels: ["app": "web"])
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("the report") { await running.condition("PoolsInSync") == "True InStep" }
      #expect(running.podFiles.isEmpty && !running.hasPodFiles)
      #expect(running.followed.isEmpty)
      try await running.change("a", ["podAffinity": web])
      try await eventually("the file") { running.record(uid)?.labels == ["app": "web"] }
      #expect(running.hasPodFiles)
      #expect(try running.add("p", uid: uid) == "10.0.0.1/24")
      #expect(throws: AllocationError.self) { try running.add("q", uid: "another") }
      try await running.change("a", ["podAffinity": .null])
      try await eventually("no file") { running.podFiles.isEmpty && !running.hasPodFiles }
      let count = running.followed.count
      try await running.change("a", ["ips": ["10.0.0.1-10.0.0.2"]])
      try await eventually("two addresses") { running.pools == ["a 10.0.0.1-10.0.0.2"] }
      #expect(running.followed.count == count)
    }
  }

  @Test("a pool of another node, one that is disabled and one that is withheld ask for nothing")
  func others() async throws {
    try await running { running in
      try await running.createPod("p")
      try await running.create(
        pool("a", ips: ["10.0.0.1"], nodes: ["n2"], ["podAffinity": web]),
        pool("b", ips: ["10.0.0.2"], ["podAffinity": web, "disable": true]),
        pool("c", ips: ["10.0.0.3"], nodes: [], ["podAffinity": web]),
        pool(
          "d", ips: ["10.0.0.4"],
          ["namespaceAffinity": ["matchLabels": ["kubernetes.io/metadata.name": "default"]]]))
      try await eventually("all of them") { running.pools.count == 3 }
      try await eventually("the report") { await running.condition("PoolsInSync") == "True InStep" }
      #expect(running.followed.isEmpty)
    }
  }

  @Test("a pool that somebody wrote on the node asks too")
  func handWritten() async throws {
    try await running(before: { running in
      try Files.makeDirectory(running.poolDirectory)
      try """
      {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "mine"},
       "spec": {"subnet": "10.1.0.0/24", "ips": ["10.1.0.7"], "podAffinity": {"matchLabels": {"app": "web"}}}}
      """.write(toFile: "\(running.poolDirectory)/mine.json", atomically: true, encoding: .utf8)
    }) { running in
      let uid = try await running.createPod("p", labels: ["app": "web"])
      try await eventually("the file") { running.record(uid) != nil && running.hasPodFiles }
    }
  }

  @Test("each change of labels is in the file, and what concerns no network is not")
  func changes() async throws {
    try await running({ $0.pods = .always }) { running in
      let uid = try await running.createPod(
        "p", labels: ["app": "web"],
        annotations: [
          "ipam.spidernet.io/ippool": "{}", "v1.multus-cni.io/default-network": "n",
          "k8s.v1.cni.cncf.io/networks": "m", "k8s.v1.cni.cncf.io/network-status": "[]", "secret": "x",
        ])
      let other = try await running.createPod("host", ["nodeName": "n1", "hostNetwork": true])
      let elsewhere = try await running.createPod("elsewhere", ["nodeName": "n2"])
      try await eventually("the files") { running.record(uid)?.namespace == "default" && running.hasPodFiles }
      #expect(
        running.record(uid)?.annotations == [
          "ipam.spidernet.io/ippool": "{}", "v1.multus-cni.io/default-network": "n",
          "k8s.v1.cni.cncf.io/networks": "m",
        ])
      let change = { (labels: FieldValue) in
        _ = try await running.client.mergePatch(
          running.pods, "p", namespace: "default", patch: ["metadata": ["labels": labels]] as FieldValue)
      }
      try await change(["app": "db"])
      try await eventually("db") { running.record(uid)?.labels == ["app": "db"] }
      _ = try await running.client.mergePatch(
        Resources.namespaces.reading(UnstructuredObject.self), "default",
        patch: ["metadata": ["labels": ["team": "ml"]]] as FieldValue)
      try await eventually("ml") { running.record(uid)?.namespaceLabels == ["team": "ml"] }
      #expect(running.podFiles == [uid] && other != uid && elsewhere != uid)
      let status = try FileManager.default.attributesOfItem(
        atPath: "\(running.runDirectory)/pods/\(uid).json")
      #expect(status[.posixPermissions] as? Int == 0o644)
    }
  }

  @Test("the file of a pod that ends or is deleted goes after a while", arguments: [true, false])
  func gone(_ isDeleted: Bool) async throws {
    try await running({ options in
      options.pods = .always
      options.podRetention = .milliseconds(1)
    }) { running in
      let uid = try await running.createPod("p")
      let other = try await running.createPod("q")
      try await eventually("the files") { running.podFiles.count == 2 }
      if isDeleted {
        try await running.client.delete(running.pods, "p", namespace: "default")
      } else {
        _ = try await running.client.mergePatch(
          running.pods, "p", namespace: "default", subresource: .status,
          patch: ["status": ["phase": "Succeeded"]] as FieldValue)
      }
      try await eventually("one file") { running.podFiles == [other] }
      #expect(running.record(uid) == nil)
    }
  }

  @Test(
    "what the run before has left stays until a list says who is there", arguments: ["pods", "namespaces"])
  func forbidden(_ collection: String) async throws {
    let former = "00000000-0000-0000-0000-aaaaaaaaaaaa"
    try await running(
      { options in
        options.pods = .always
        options.podRetention = .milliseconds(1)
      },
      before: { running in
        try Files.makeDirectory("\(running.runDirectory)/pods")
        try Files.replace("\(running.runDirectory)/pods/\(former).json", with: Array("before".utf8))
        try Files.replace("\(running.runDirectory)/pods/.\(former).json.new", with: [])
        try Files.replace("\(running.runDirectory)/pods/somebody's", with: [])
        running.server.order(
          FaultRule(
            .status(403, reason: "Forbidden", message: "cannot list resource \"\(collection)\""), to: "list",
            path: "/\(collection)", times: nil))
      }
    ) { running in
      let uid = try await running.createPod("p")
      try await eventually("the report") {
        await running.condition("PoolsInSync") == "False PodsNotFollowed"
      }
      let message = await running.status()?["conditions"]?.array?.first?["message"]?.string ?? ""
      #expect(message.contains("list") && message.contains("resource \"\(collection)\""), "\(message)")
      // The pools are followed all the same.
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("a") { running.pools == ["a 10.0.0.1"] }
      #expect(running.record(uid) == nil)
      if collection == "pods" { #expect(running.podFiles == [former]) }
      #expect(AgentState(directory: running.runDirectory)?.feeds.contains { $0.problem != nil } ?? false)
      running.server.behave()
      try await eventually("the file") { running.podFiles == [uid] }
      try await eventually("in step") { await running.condition("PoolsInSync") == "True InStep" }
      let names = try Files.names(in: "\(running.runDirectory)/pods")
      #expect(names.contains("somebody's") && names.count == 2)
    }
  }

  @Test("a pod is free to choose its labels, and does no harm by that")
  func hostile() async throws {
    try await running({ $0.pods = .always }) { running in
      let labels = Dictionary(
        uniqueKeysWithValues: (0..<1000).map { ("example.com/label-\($0)", "value-\($0)") })
      let many = try await running.createPod(
        "many", labels: labels, annotations: ["a": String(repeating: "x", count: 256 << 10)])
      let long = String(repeating: "\u{1}", count: 255 << 10)
      let large = try await running.createPod("large", annotations: ["ipam.spidernet.io/ippool": long])
      let plain = try await running.createPod("plain", labels: ["app": "web"])
      try await eventually("the files") { running.podFiles.count == 3 }
      #expect(running.record(many)?.labels == labels)
      #expect(running.record(large)?.problem?.contains("64 KiB") ?? false)
      #expect(running.record(plain)?.labels == ["app": "web"])
      for uid in running.podFiles {
        #expect(try Files.size("\(running.runDirectory)/pods/\(uid).json") <= PodFiles.largest)
      }
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.9"], ["podAffinity": web]))
      try await eventually("a") { running.pools.first.map { !$0.contains("disabled") } ?? false }
      #expect(try running.add("plain", uid: plain) == "10.0.0.1/24")
      let refusal = #expect(throws: AllocationError.self) { try running.add("large", uid: large) }
      #expect(refusal?.message.contains("64 KiB") ?? false)
    }
  }
}

extension Running {
  /// The requests by which pods and namespaces are followed.
  fileprivate var followed: [StandIn.RecordedRequest] {
    server.requests.filter { request in
      ["list", "watch"].contains(request.verb)
        && (request.path.hasSuffix("/pods") || request.path.hasSuffix("/namespaces"))
    }
  }
}

/// Which file a pod has.
@Suite struct PodMirrorTests {
  private func pod(
    _ name: String, uid: String, annotations: [String: String] = [:], owner: String? = nil
  ) -> PodObject {
    var metadata = ObjectMetadata(name: name, namespace: "ns", annotations: annotations)
    metadata.uid = uid
    if let owner {
      metadata.ownerReferences = [
        OwnerReference(apiVersion: "v1", kind: owner, name: "n1", uid: "u", controller: true)
      ]
    }
    return PodObject(metadata: metadata)
  }

  private static let mirror = "kubernetes.io/config.mirror"
  private static let digest = "0123456789abcdef0123456789abcdef"

  @Test(
    "no name leads out of the directory",
    arguments: ["", "..", "../../etc/passwd", "a/b", "a.b", "a\0b", " ", String(repeating: "a", count: 65)])
  func names(_ uid: String) {
    #expect(pod("p", uid: uid).uid == nil)
    #expect(PodFiles(runDirectory: "/r").path(uid) == nil)
    #expect(PodFiles.uid(ofFile: "\(uid).json") == nil)
  }

  @Test("a static pod is known by the number that its kubelet gives it, and only a kubelet says so")
  func staticPods() {
    let annotations = [Self.mirror: Self.digest]
    #expect(pod("p", uid: "u-1", annotations: annotations, owner: "Node").uid == Self.digest)
    #expect(pod("p", uid: "u-1", annotations: annotations).uid == "u-1")
    #expect(pod("p", uid: "u-1", annotations: annotations, owner: "ReplicaSet").uid == "u-1")
    // That of a pod of the API server.
    let victim = [Self.mirror: "5c1f3a9e-0000-4000-8000-000000000001"]
    #expect(pod("p", uid: "u-1", annotations: victim, owner: "Node").uid == "u-1")
  }

  @Test("the first with a number keeps it")
  func taken() {
    var mirror = PodMirror()
    let first = pod("first", uid: "u-1", annotations: [Self.mirror: Self.digest], owner: "Node")
    let second = pod("second", uid: "u-2", annotations: [Self.mirror: Self.digest], owner: "Node")
    mirror.takePods(.changed(first))
    mirror.takePods(.changed(second))
    #expect(mirror.pods[Self.digest]?.name == "first")
    mirror.takePods(.deleted(second))
    #expect(mirror.pods.count == 1)
    mirror.takePods(.deleted(first))
    #expect(mirror.pods.isEmpty)
  }

  @Test("files go only after a complete list and a time, which begins anew when the pod is there again")
  func retention() async throws {
    try await withDirectory { path in
      var directory = PodDirectory(runDirectory: path, retention: .seconds(300))
      var mirror = PodMirror()
      let names = { try Files.names(in: "\(path)/pods") }
      var namespace = ObjectMetadata(name: "ns")
      namespace.labels = ["a": "b"]
      let start = ContinuousClock.now
      mirror.takePods(.changed(pod("p", uid: "u-1")))
      #expect(try directory.sync(mirror, at: start) == 0)
      mirror.takeNamespaces(
        .listed(.init(items: [NamespaceObject(metadata: namespace)], resourceVersion: "1")))
      #expect(try directory.sync(mirror, at: start) == 1)
      #expect(try directory.sync(mirror, at: start) == 0)
      // Not from the list that is not complete.
      mirror.takePods(.deleted(pod("p", uid: "u-1")))
      _ = try directory.sync(mirror, at: start + .seconds(1000))
      _ = try directory.sync(mirror, at: start + .seconds(2000))
      #expect(try names() == ["u-1.json"])
      mirror.takePods(.listed(.init(items: [], resourceVersion: "1")))
      _ = try directory.sync(mirror, at: start)
      _ = try directory.sync(mirror, at: start + .seconds(299))
      #expect(try names() == ["u-1.json"] && !directory.hasOverdue(at: start + .seconds(299)))
      mirror.takePods(.changed(pod("p", uid: "u-1")))
      _ = try directory.sync(mirror, at: start + .seconds(299))
      mirror.takePods(.deleted(pod("p", uid: "u-1")))
      _ = try directory.sync(mirror, at: start + .seconds(301))
      _ = try directory.sync(mirror, at: start + .seconds(600))
      #expect(try names() == ["u-1.json"] && directory.hasOverdue(at: start + .seconds(601)))
      _ = try directory.sync(mirror, at: start + .seconds(601))
      #expect(try names() == [])
      // What somebody has removed is written again.
      mirror.takePods(.changed(pod("p", uid: "u-1")))
      _ = try directory.sync(mirror)
      try Files.remove("\(path)/pods/u-1.json")
      #expect(try directory.sync(mirror) == 1)
      try directory.removeAll()
      #expect(try names() == [])
    }
  }
}
