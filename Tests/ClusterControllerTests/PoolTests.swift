import Addressing
import ClusterObjects
import ClusterTestSupport
import Daemon
import Foundation
import KubernetesClient
import KubernetesStandIn
import Testing

@testable import ClusterController

@Suite struct PoolTests {
  @Test("a pool's status says what the nodes hold of it")
  func counts() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"], nodes: ["n1", "n2"])
      try await running.report("n1", pools: ["a"], holding: ["10.0.0.10": ("b", "default/x")])
      try await running.report(
        "n2", pools: ["a"], holding: ["10.0.0.2": ("a", "default/w"), "10.0.0.1": ("a", "default/v")])
      try await eventually("two are held") {
        await running.poolStatus("a")?["allocatedIPCount"]?.integer == 2
      }
      let status = await running.poolStatus("a")
      #expect(status?["totalIPCount"]?.integer == 5)
      #expect(status?["ipVersion"]?.integer == 4)
      #expect(
        status?["allocatedIPs"]?.string
          == #"{"10.0.0.1":{"pod":"default/v","podUid":""},"10.0.0.2":{"pod":"default/w","podUid":""}}"#)
      #expect(await running.poolCondition("a", "Ready") == "True InUse")
      try await running.report("n2", pools: ["a"])
      try await eventually("none is held") {
        await running.poolStatus("a")?["allocatedIPCount"]?.integer == 0
      }
      #expect(await running.poolStatus("a")?["allocatedIPs"] == nil)
    }
  }

  @Test("held addresses that are no longer the pool's are told until the last is free")
  func outside() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"])
      try await running.report("n1", pools: ["a"], holding: ["10.0.0.9": ("a", "default/w")])
      try await eventually("it is told") {
        await running.poolCondition("a", "AddressesOutside") == "True Held"
      }
      try await running.report("n1", pools: ["a"])
      try await eventually("it is over") {
        await running.poolCondition("a", "AddressesOutside") == "False None"
      }
    }
  }

  @Test("an address that pods of two nodes hold is told until one of them is gone")
  func heldTwice() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"], nodes: ["n1", "n2"])
      try await running.report("n1", pools: ["a"], holding: ["10.0.0.1": ("a", "default/w")])
      try await running.report("n2", pools: ["a"], holding: ["10.0.0.1": ("a", "default/v")])
      try await eventually("it is told") {
        await running.poolCondition("a", "Conflict") == "True HeldTwice"
      }
      try await running.report("n2", pools: ["a"])
      try await eventually("it is over") { await running.poolCondition("a", "Conflict") == "False None" }
    }
  }

  @Test("of two pools with the same addresses the younger is told that it does without")
  func conflict() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"])
      try await running.createPool("b", ips: ["10.0.0.5-10.0.0.9"], nodes: ["n2"])
      try await eventually("b is told") { await running.poolCondition("b", "Conflict") == "True Overlap" }
      #expect(await running.poolCondition("a", "Conflict") == "False None")
    }
  }

  @Test("a pool that is deleted stays until no address is held and each node has heard of it")
  func terminating() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"])
      try await eventually("it is kept") {
        await running.poolObject("a")?.metadata.finalizers == ["ipvlan-cni.dev/held"]
      }
      try await running.report("n1", pools: ["a"], holding: ["10.0.0.1": ("a", "default/w")])
      try await eventually("one is held") {
        await running.poolStatus("a")?["allocatedIPCount"]?.integer == 1
      }
      try await running.client.delete(Resources.pools, "a")
      try await eventually("it is told") { await running.poolCondition("a", "Ready") == "False Terminating" }
      // The node has heard of it, and holds the address still.
      try await running.report("n1", pools: ["a"], holding: ["10.0.0.1": ("a", "default/w")])
      try await Task.sleep(for: .milliseconds(500))
      #expect(await running.poolObject("a") != nil)
      #expect(
        await running.poolMessage("a", "Ready")
          == "the pool was deleted, gives no new address, and stays until pods have given back the addresses that they hold: 1 on node n1; which pods, says: kubectl get spiderippool a -o jsonpath='{.status.allocatedIPs}'"
      )
      try await running.report("n1", pools: ["a"])
      try await eventually("it is gone") { await running.poolObject("a") == nil }
      try await Task.sleep(for: .milliseconds(500))
      let log = running.log.text
      #expect(running.log.warnings.isEmpty, "\(log)")
      #expect(
        log.contains("a: has the finalizer ipvlan-cni.dev/held now: if it is deleted one day, it stays"))
      #expect(log.contains("a: is deleted, and goes: pods have given back all of its addresses"))
    }
  }

  @Test("that an object is gone, or has been made anew, when its status is written is no failure")
  func overtaken() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"])
      try await running.report("n1", pools: ["a"])
      try await eventually("its status") { await running.poolCondition("a", "Ready") == "True InUse" }
      let looks = {
        running.server.requests.count { $0.verb == "get" && $0.path.hasSuffix("spiderippools/a") }
      }
      let before = looks()
      running.server.order(FaultRule(.status(404, reason: "NotFound"), to: "patch", path: "spiderippools/a"))
      running.server.order(FaultRule(.status(404, reason: "NotFound"), to: "get", path: "spiderippools/a"))
      try await running.report("n1", holding: ["10.0.0.1": ("a", "default/w")])
      // Nobody else asks meanwhile.
      try await eventually("the controller has looked") { looks() > before }
      try await eventually("one is held") {
        await running.poolStatus("a")?["allocatedIPCount"]?.integer == 1
      }
      #expect(running.log.warnings.isEmpty, "\(running.log.text)")
    }
  }

  @Test("a node that has not heard of the deletion keeps the pool, and so does a list that cannot be read")
  func behind() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"])
      try await running.report("n1", pools: ["a"])
      try await eventually("it is kept") {
        await running.poolObject("a")?.metadata.finalizers == ["ipvlan-cni.dev/held"]
      }
      try await running.client.delete(Resources.pools, "a")
      try await eventually("it is told") { await running.poolCondition("a", "Ready") == "False Terminating" }
      try await Task.sleep(for: .milliseconds(500))
      #expect(await running.poolObject("a") != nil, "the report is older than the deletion")
      #expect(
        await running.poolMessage("a", "Ready")
          == "the pool was deleted, gives no new address, and stays until ipvlan-agent of node n1 has reported that none is given there; how it is, says: kubectl describe ipvlannode n1; of a node that is gone for good: kubectl delete ipvlannode n1"
      )
      try await running.report("n1", pools: ["a"], isInStep: false)
      try await Task.sleep(for: .milliseconds(500))
      #expect(await running.poolObject("a") != nil, "the node's files are older than the deletion")
      try await running.report("n1", pools: ["a"])
      try await eventually("it is gone") { await running.poolObject("a") == nil }
    }
  }

  @Test("finalizers of others stay")
  func othersFinalizers() async throws {
    try await controlling { running in
      var object = pool("a", ips: ["10.0.0.1"])
      object.metadata.finalizers = ["spiderpool.spidernet.io"]
      _ = try await running.client.create(Resources.pools, object)
      try await eventually("it is kept") {
        await running.poolObject("a")?.metadata.finalizers == [
          "spiderpool.spidernet.io", "ipvlan-cni.dev/held",
        ]
      }
      try await running.client.delete(Resources.pools, "a")
      try await eventually("ours is gone") {
        await running.poolObject("a")?.metadata.finalizers == ["spiderpool.spidernet.io"]
      }
    }
  }

  @Test("a hundred edits make a few writes")
  func edits() async throws {
    try await controlling({ $0.pace.status = .seconds(3) }) { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"])
      try await running.report("n1", pools: ["a"])
      try await eventually("it has a status") { await running.poolCondition("a", "Ready") == "True InUse" }
      try await Task.sleep(for: .seconds(3))
      let before = running.server.requests.count
      let start = ContinuousClock.now
      for edit in 1...100 {
        _ = try await running.client.mergePatch(
          Resources.pools, "a", patch: ["spec": ["ips": [.string("10.0.0.\(edit)-10.0.0.200")]]] as FieldValue
        )
        try await Task.sleep(until: start + .milliseconds(50 * edit))
      }
      let writes = running.server.requests[before...].count {
        $0.verb == "patch" && $0.path.hasSuffix("/status")
      }
      // Two within 5 seconds; a busy machine takes longer for its edits.
      let seconds = Int((ContinuousClock.now - start).components.seconds)
      #expect(writes <= seconds / 3 + 1)
      try await eventually("the last edit counts") {
        await running.poolStatus("a")?["totalIPCount"]?.integer == 101
      }
    }
  }

  @Test("while nothing changes nothing is written")
  func quiet() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1"])
      try await running.createNetwork("n")
      try await running.report("n1", pools: ["a"])
      try await eventually("it has a status") { await running.poolCondition("a", "Ready") == "True InUse" }
      try await eventually("it is ready") { await running.networkCondition("n") == "True Rendered" }
      try await Task.sleep(for: .seconds(1))
      let before = running.writes
      try await Task.sleep(for: .seconds(2))
      #expect(running.writes == before)
    }
  }

  @Test("the report of a Node that is gone goes after its time; one that comes back keeps it")
  func goneNodes() async throws {
    try await controlling({ $0.holdTime = .seconds(2) }) { running in
      for node in ["n1", "n2", "n3"] {
        try await running.createNode(node)
        try await running.report(node)
      }
      try await Task.sleep(for: .milliseconds(300))
      try await running.client.delete(Resources.nodes, "n1")
      try await running.client.delete(Resources.nodes, "n2")
      try await Task.sleep(for: .milliseconds(500))
      try await running.createNode("n2")
      try await eventually("n1's is gone") {
        (try? await running.client.get(Resources.reports, "n1")) == nil
      }
      try await Task.sleep(for: .seconds(2))
      let left = try await running.client.list(Resources.reports).items.compactMap(\.metadata.name)
      #expect(left.sorted() == ["n2", "n3"])
    }
  }

  /// Their addresses are free for other nodes then; the pods of a machine that is only cut off may run until then. A Node that is
  /// made anew may be the same machine, whose pods run on.
  @Test(
    "blocks of a shared pool go after the time of a Node that is gone, or was made anew and has no pods in them"
  )
  func goneBlocks() async throws {
    try await controlling({ $0.holdTime = .seconds(2) }) { running in
      let shared = try PoolObject(pool("shared", ips: ["10.0.0.1-10.0.0.9"])).identity
      for (number, node) in ["n1", "n2", "n3", "n4", "n5", "n6", "n7"].enumerated() {
        try await running.createNode(node)
        try await running.report(node, busy: [])
        let uid = try #require(try await running.client.get(Resources.nodes, node).metadata.uid)
        let address = try #require(IPRange("10.0.0.\(number + 1)"))
        let claim = Block.claim(on: AddressSet([address]), of: shared, for: .init(node: node, uid: uid))
        _ = try await running.client.create(Resources.blocks, try #require(claim))
      }
      let left = {
        try await running.client.list(Resources.blocks).items.compactMap { Block($0)?.owner.node }.sorted()
      }
      try await Task.sleep(for: .milliseconds(300))
      let gone = ContinuousClock.now
      try await running.client.delete(Resources.nodes, "n1")
      // The report of n6 is that of the Node before. Two machines have the name n7, and the other one holds the address.
      for node in ["n2", "n4", "n5", "n6", "n7"] {
        try await running.client.delete(Resources.nodes, node)
        try await running.createNode(node)
        switch node {
        case "n2": try await running.report("n2", busy: ["10.0.0.1", "10.0.0.3-10.0.0.9"])
        case "n4": try await running.report("n4", busy: ["10.0.0.4"])
        case "n5": try await running.report("n5")
        case "n7": try await running.report("n7", busy: [], isUnique: false)
        default: break
        }
      }
      try await eventually("two are gone") { try await left() == ["n3", "n4", "n5", "n6", "n7"] }
      #expect(ContinuousClock.now - gone >= .seconds(2))
      try await Task.sleep(for: .seconds(3))
      #expect(try await left() == ["n3", "n4", "n5", "n6", "n7"])
      let told = try await running.client.list(Event.resource).items.filter { $0.reason == "BlocksKept" }
      #expect(told.map(\.involvedObject.name) == ["n6"])
      let former = try await running.client.list(Resources.blocks).items.compactMap(Block.init).first {
        $0.owner.node == "n6"
      }
      let uid = try #require(former?.owner.uid)
      #expect(told.first?.message?.contains("nodeUID==\"\(uid)\"") == true)
      for node in ["n4", "n5", "n6", "n7"] { try await running.report(node, busy: []) }
      try await eventually("what no pod holds is gone") { try await left() == ["n3"] }
    }
  }

  @Test("a status of Spiderpool's form is left without what it has no room for")
  func spiderpools() {
    var draft = StatusDraft(fields: ["totalIPCount": 5, "allocatedIPs": .null], ownFields: ["ipVersion": 4])
    draft.conditions = [.init(type: "Ready", isTrue: true, reason: "InUse", message: "m")]
    var object = UnstructuredObject(metadata: ObjectMetadata(name: "a"))
    #expect(draft.patch(over: object, isOurs: false) == ["totalIPCount": 5, "allocatedIPs": .null])
    object["status"] = ["totalIPCount": 5]
    #expect(draft.patch(over: object, isOurs: false) == nil)
    object["status"] = ["totalIPCount": 5, "allocatedIPs": "{}"]
    #expect(draft.patch(over: object, isOurs: false) != nil)
    #expect(draft.patch(over: object, isOurs: true)?["conditions"] != nil)
  }
}

@Suite struct LeadershipTests {
  @Test("a controller whose endpoints cannot listen does not take the lease")
  func occupied() async throws {
    try await StandIn.run { other in
      let address = try #require(ListenAddress(String(other.address.dropFirst("http://".count))))
      try await serving({ $0.listen = address }) { running in
        // Who asks before it listens may be stopped before it has asked.
        for _ in 0..<20 {
          var problem = ""
          do { try await running.run("one") } catch { problem = "\(error)" }
          #expect(problem.hasPrefix("ipvlan-controller cannot listen on \(address): the address is in use"))
        }
        #expect(running.server.requests.isEmpty)
      }
    }
  }

  @Test("a server that is away is told once, not by each collection and each try")
  func away() async throws {
    try await controlling { running in
      try await eventually("it leads") { running.log.text.contains("this process leads") }
      running.server.order(FaultRule(.status(503, reason: "ServiceUnavailable"), times: nil))
      // Ends the watches that are open.
      await running.server.restart()
      try await eventually("it is told") { running.log.text.contains("warning cannot") }
      try await Task.sleep(for: .seconds(1))
      let told = running.log.text.split(separator: "\n").filter { $0.hasPrefix("warning") }
      #expect(told.count <= 2, "\(told)")
      running.server.behave()
      try await eventually("it is over") {
        // All at once, or one after the other.
        running.log.text.contains(" followed again, for the first time since ")
      }
    }
  }

  @Test("of two controllers one works; when it is gone the other does")
  func failover() async throws {
    try await serving { running in
      try await withThrowingTaskGroup(of: Void.self) { group in
        let one = Task { try await running.run("one") }
        let two = Task { try await running.run("two") }
        group.addTask {
          try await running.createNetwork("a")
          try await eventually("a definition") { await running.definition("a") != nil }
          let lease = try await running.client.get(Lease.resource, "ipvlan-controller", namespace: "default")
          let first = try #require(lease.spec?.holderIdentity)
          let (leads, waits) = first == "one" ? (one, two) : (two, one)
          leads.cancel()
          try await running.createNetwork("b")
          try await eventually("b is made by the other") { await running.definition("b") != nil }
          let now = try await running.client.get(Lease.resource, "ipvlan-controller", namespace: "default")
          #expect(now.spec?.holderIdentity == (first == "one" ? "two" : "one"))
          waits.cancel()
        }
        try await group.waitForAll()
      }
    }
  }
}

@Suite struct ViewTests {
  @Test("the answer to a write does not hide a later change whose event was faster")
  func answers() {
    func version(_ version: String, _ size: Int64) -> UnstructuredObject {
      var metadata = ObjectMetadata(name: "a")
      metadata.resourceVersion = version
      return UnstructuredObject(metadata: metadata, fields: ["size": .integer(size)])
    }
    let key = ObjectKey(name: "a")
    var view = ControllerView()
    let size = { (view: ControllerView) in view.pools.objects[key]?["size"]?.integer }
    view.take(Resources.pools, .changed(version("9", 1)))
    view.put(Resources.pools.qualifiedName, version("10", 2))
    #expect(size(view) == 2)
    view.take(Resources.pools, .changed(version("12", 3)))
    view.put(Resources.pools.qualifiedName, version("11", 4))
    #expect(size(view) == 3)
    view.take(Resources.pools, .deleted(version("13", 3)))
    view.put(Resources.pools.qualifiedName, version("14", 4))
    #expect(size(view) == nil)
    // An event always counts: the server may have been restored to an older state.
    view.take(Resources.pools, .changed(version("5", 5)))
    #expect(size(view) == 5)
  }

  @Test("a restored server's pools are followed, and kept, although the watches of before are silent")
  func restored() async throws {
    try await controlling { running in
      try await running.createPool("a", ips: ["10.0.0.1-10.0.0.5"])
      try await running.report("n1", pools: ["a"])
      try await eventually("its status") { await running.poolCondition("a", "Ready") == "True InUse" }
      let backup = await running.server.backUp()
      await running.server.skip(versions: 100_000)
      // Each of these collections is followed from a version that the backup does not have.
      try await running.createPool("late", ips: ["10.0.1.1"])
      try await running.report("n1", pools: ["a", "late"], holding: ["10.0.0.1": ("a", "default/w")])
      try await eventually("one is held") {
        await running.poolStatus("a")?["allocatedIPCount"]?.integer == 1
      }
      try await eventually("the lease is renewed") {
        let lease = try await running.client.get(Lease.resource, "ipvlan-controller", namespace: "default")
        return lease.metadata.isNewer(than: "100000")
      }
      await running.server.restore(backup)
      try await running.createPool("b", ips: ["10.0.0.6-10.0.0.9"])
      try await running.report("n1", pools: ["a", "b"], holding: ["10.0.0.1": ("a", "default/w")])
      try await eventually("b has a status, and is kept", within: .seconds(60)) {
        let pool = await running.poolObject("b")
        return pool?["status"]?["totalIPCount"]?.integer == 4
          && pool?.metadata.finalizers == ["ipvlan-cni.dev/held"]
      }
      try await eventually("one of a is held again", within: .seconds(60)) {
        await running.poolStatus("a")?["allocatedIPCount"]?.integer == 1
      }
      let lines = running.log.text.split(separator: "\n")
      #expect(lines.count { $0.hasPrefix("warning") && $0.contains("restored from a backup") } == 1)
    }
  }
}
