import Addressing
import Foundation
import IPAM
import JSON
import Platform
import Testing

/// Pools for pods and namespaces with certain labels, which the pod's file tells.
@Suite struct PodLabelTests {
  private let directory: TemporaryDirectory
  private static let uid = "5c1f3a9e-0000-4000-8000-000000000001"

  init() throws { directory = try TemporaryDirectory() }

  /// Pools by name, each with members of its spec, as an agent writes them.
  private func write(_ pools: [(String, String)], hasPodFiles: Bool = true) throws {
    let items = pools.enumerated().map { index, pool in
      """
      {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "\(pool.0)"},
       "spec": {"subnet": "10.\(index).0.0/24", "ips": ["10.\(index).0.9"], "default": true\(pool.1)}}
      """
    }
    try directory.write(
      "pools/zz-kubernetes.json",
      """
      {"apiVersion": "v1", "kind": "List", "metadata": {"followsPods": \(hasPodFiles)},
       "items": [\(items.joined(separator: ","))]}
      """)
  }

  private static let web = #", "podAffinity": {"matchLabels": {"app": "web"}}"#
  private static let team = #", "namespaceAffinity": {"matchLabels": {"team": "ml"}}"#

  private func write(
    uid: String = uid, name: String = "p", labels: String = "{}", annotations: String = "{}",
    namespace: String = "{}"
  ) throws {
    try directory.write(
      "run/pods/\(uid).json",
      """
      {"namespace": "ns", "name": "\(name)", "labels": \(labels), "annotations": \(annotations),
       "namespaceLabels": \(namespace)}
      """)
  }

  private var allocator: IPPoolAllocator {
    get throws {
      try IPPoolAllocator(
        JSONFields([
          "singleNode": .bool(true), "poolDir": .string("\(directory.path)/pools"),
          "dataDir": .string("\(directory.path)/leases"),
          "runDir": .string("\(directory.path)/run"), "cooldownSeconds": .int(0),
        ]), network: "n", environment: .current()
      ).inThreads()
    }
  }

  private func request(uid: String = uid, handsOn: PodAnnotations? = [:]) -> AllocationRequest {
    var request = AllocationRequest(
      attachment: AttachmentID(network: "n", containerID: "c", ifname: "eth0"),
      pod: .init(namespace: "ns", name: "p", uid: uid))
    if let handsOn {
      request.annotations = handsOn
      request.annotationsAreKnown = true
    }
    return request
  }

  private func allocate(uid: String = uid, handsOn: PodAnnotations? = [:]) throws -> String {
    let (allocator, request) = (try allocator, request(uid: uid, handsOn: handsOn))
    defer { try? allocator.release(request) }
    return try allocator.allocate(request).assignments.map { "\($0.address.address)" }.joined(separator: ",")
  }

  private func refusal(uid: String = uid, handsOn: PodAnnotations? = [:]) -> AllocationError {
    do {
      return AllocationError(.store, "it got \(try allocate(uid: uid, handsOn: handsOn))")
    } catch {
      return error as? AllocationError ?? AllocationError(.store, "\(error)")
    }
  }

  @Test("a pool for certain pods goes before those for all, and is for no others")
  func podAffinity() throws {
    try write([("all", ""), ("web", Self.web)])
    try write(labels: #"{"app": "web", "x": "y"}"#)
    #expect(try allocate() == "10.1.0.9")
    try write(labels: #"{"app": "db"}"#)
    #expect(try allocate() == "10.0.0.9")
  }

  @Test(
    "a pod that no pool is for is refused with the reason",
    arguments: [
      (web, #"{"app": "db"}"#, "podAffinity asks for app in (web), and there is app=db on the pod"),
      (web, "{}", "podAffinity asks for app in (web), and there is no such label on the pod"),
      (team, "{}", "namespaceAffinity asks for team in (ml), and there is team=web on the pod's namespace"),
      (
        #", "podAffinity": {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}"#, #"{"a": "b"}"#,
        "podAffinity asks for !a, and there is a=b"
      ),
      (
        #", "podAffinity": {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b", "c"]}]}"#,
        #"{"a": "c"}"#, "asks for a notin (b, c), and there is a=c"
      ),
      (
        #", "podAffinity": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}"#, "{}",
        "asks for a, and there is no such label"
      ),
    ])
  func refused(_ affinity: String, _ labels: String, _ reason: String) throws {
    try write([("only", affinity)])
    try write(labels: labels, namespace: #"{"team": "web"}"#)
    let refusal = refusal()
    #expect(refusal.kind == .exhausted)
    #expect(refusal.details.contains("pool only: ") && refusal.details.contains(reason), "\(refusal)")
  }

  @Test("labels of the namespace, and those that a server before 1.21 does not write")
  func namespaceAffinity() throws {
    try write([("all", ""), ("ml", Self.team)])
    try write(namespace: #"{"team": "ml"}"#)
    #expect(try allocate() == "10.1.0.9")
    let both =
      #", "namespaceAffinity": {"matchLabels": {"team": "ml", "kubernetes.io/metadata.name": "ns"}}"#
    try write([("all", ""), ("ml", both)])
    #expect(try allocate() == "10.1.0.9")
  }

  @Test("a file that is missing is waited for, and then the pod is told to come again")
  func missing() throws {
    try write([("all", ""), ("web", Self.web)])
    let start = ContinuousClock.now
    let refusal = refusal()
    #expect(ContinuousClock.now - start >= .milliseconds(500))
    #expect(refusal.kind == .busy)
    #expect(refusal.message.contains("pod ns/p") && refusal.message.contains("pool web asks"))
    #expect(refusal.message.contains("\(directory.path)/run/pods/\(Self.uid).json"))
    #expect(refusal.details.contains("systemctl status ipvlan-agent"))
    // Nothing is held of it.
    #expect(try allocator.leases().isEmpty)
  }

  @Test("a file that comes in time is read")
  func late() throws {
    try write([("all", ""), ("web", Self.web)])
    // A thread of its own: the tests beside this one keep those of tasks busy.
    Thread.detachNewThread { [self] in
      Thread.sleep(forTimeInterval: 0.1)
      try? write(labels: #"{"app": "web"}"#)
    }
    // A busy machine may be later than it should be: the runtime would ask again.
    var address: String?
    for _ in 0..<20 where address == nil { address = try? allocate() }
    #expect(address == "10.1.0.9")
  }

  @Test("where no agent follows pods, such a pool is passed over, and nobody waits")
  func withoutAgent() throws {
    try write([("all", ""), ("web", Self.web)], hasPodFiles: false)
    #expect(try allocate() == "10.0.0.9")
    #expect(try allocate(handsOn: nil) == "10.0.0.9")
    try write([("web", Self.web)], hasPodFiles: false)
    #expect(refusal().details.contains("not known here; ipvlan-agent brings them"))
  }

  @Test(
    "no file is looked at unless it decides",
    arguments: [
      "", #", "podAffinity": {"matchLabels": {"app": "web"}}, "nodeName": ["other"]"#,
      #", "podAffinity": {"matchLabels": {"app": "web"}}, "multusName": ["other"]"#,
      #", "podAffinity": {"matchLabels": {"app": "web"}}, "namespaceName": ["other"]"#,
      #", "podAffinity": {"matchLabels": {"app": "web"}}, "disable": true"#,
      #", "podAffinity": {"matchLabels": {"app": "web"}}, "default": false"#,
      #", "namespaceAffinity": {"matchLabels": {"team": "ml"}}, "namespaceName": ["ns"]"#,
      #", "namespaceAffinity": {"matchLabels": {"kubernetes.io/metadata.name": "ns"}}"#,
      #", "podAffinity": {"matchLabels": {"a": "b"}}, "namespaceAffinity": {"matchLabels": {"kubernetes.io/metadata.name": "x"}}"#,
    ])
  func unneeded(_ spec: String) throws {
    try write([("all", ""), ("other", spec.replacing(#", "default": false"#, with: ""))])
    if spec.contains(#""default": false"#) {
      let text = String(
        decoding: try Files.read("\(directory.path)/pools/zz-kubernetes.json"), as: UTF8.self)
      try directory.write(
        "pools/zz-kubernetes.json",
        text.replacing(#""10.1.0.9"], "default": true"#, with: #""10.1.0.9"], "default": false"#))
    }
    try directory.write("run/pods/\(Self.uid).json", "no JSON")
    #expect(try allocate().hasPrefix("10."))
  }

  @Test(
    "a file that cannot be read is no pod without labels",
    arguments: ["no JSON", "[]", "{}", #"{"namespace": "ns", "name": "p"}"#])
  func unreadable(_ text: String) throws {
    try write([("all", ""), ("web", Self.web)])
    try directory.write("run/pods/\(Self.uid).json", text)
    let refusal = refusal()
    #expect(refusal.kind == .store)
    #expect(refusal.message.contains("\(Self.uid).json"))
  }

  @Test(
    "without a uid, or with one that is none, no file is looked for",
    arguments: ["", "../x", "a/b", "a.b", "."])
  func uids(_ uid: String) throws {
    try write([("all", ""), ("web", Self.web)])
    try directory.write(
      "run/x.json",
      #"{"namespace": "ns", "name": "p", "labels": {"app": "web"}, "annotations": {}, "namespaceLabels": {}}"#
    )
    let refusal = refusal(uid: uid)
    #expect(refusal.kind == .exhausted)
    #expect(refusal.message.contains("K8S_POD_UID"))
  }

  @Test("a file of another pod, or one that says that there is nothing in it, gives nothing")
  func others() throws {
    try write([("all", ""), ("web", Self.web)])
    try write(name: "q", labels: #"{"app": "web"}"#)
    #expect(refusal().message.contains("of another pod of that uid, ns/q"))
    try directory.write(
      "run/pods/\(Self.uid).json", #"{"namespace": "ns", "name": "p", "problem": "it is too large"}"#)
    #expect(refusal().message.contains("it is too large"))
  }

  @Test("annotations that the runtime has not handed on are those of the file")
  func annotations() throws {
    try write([("all", ""), ("b", "")])
    try write(annotations: #"{"ipam.spidernet.io/ippool": "{\"ipv4\": [\"b\"]}", "v1.multus-cni.io/x": "y"}"#)
    #expect(try allocate(handsOn: nil) == "10.1.0.9")
    // Those that it has handed on count, and be they none.
    #expect(try allocate(handsOn: [:]).contains("10.0.0.9"))
    try write(annotations: #"{"ipam.spidernet.io/subnet": "s"}"#)
    #expect(refusal(handsOn: nil).message.contains("ipam.spidernet.io/subnet"))
    // Another pod.
    let refusal = refusal(uid: "another", handsOn: nil)
    #expect(refusal.kind == .busy && refusal.message.contains("handed on none"))
  }

  @Test("STATUS is about all pods, whatever labels they have")
  func status() throws {
    try write([("web", Self.web)])
    try allocator.status()
    try write([("ml", Self.team)])
    try allocator.status()
  }

  @Test("what is known of a pod survives its file", arguments: [true, false])
  func record(_ isTooLarge: Bool) throws {
    var record = PodRecord(namespace: "ns", name: "p")
    if isTooLarge {
      record.problem = "too large"
    } else {
      record.labels = ["a": "b", "c": ""]
      record.annotations = ["ipam.spidernet.io/ippool": #"{"ipv4": ["\u{1}"]}"#]
      record.namespaceLabels = ["d": "e"]
    }
    let bytes = JSONValue.object(record.json).serialized()
    #expect(try PodRecord(JSONFields(#require(JSONValue(parsing: bytes).object))) == record)
  }
}
