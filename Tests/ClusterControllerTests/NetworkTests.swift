import ClusterObjects
import ClusterTestSupport
import Foundation
import KubernetesClient
import KubernetesStandIn
import Testing

@testable import ClusterController

@Suite struct NetworkTests {
  @Test("a definition is made of each network, belongs to it, and is as ipvlanctl prints it")
  func made() async throws {
    try await controlling { running in
      let network = try await running.createNetwork("ipvlan-ens5")
      try await eventually("a definition") { await running.definition("ipvlan-ens5") != nil }
      let definition = try #require(await running.definition("ipvlan-ens5"))
      #expect(
        definition.metadata.ownerReferences == [
          OwnerReference(
            apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderMultusConfig", name: "ipvlan-ens5",
            uid: try #require(network.metadata.uid), controller: true)
        ])
      #expect(
        definition["spec"]?["config"]?.string == """
          {
            "cniVersion": "1.0.0",
            "name": "ipvlan-ens5",
            "plugins": [
              {
                "type": "ipvlan",
                "master": "ens5",
                "mode": "l3s",
                "hostAccess": true,
                "ipam": {
                  "type": "ippool",
                  "multusName": "default/ipvlan-ens5"
                }
              }
            ]
          }

          """)
      try await eventually("it is ready") { await running.networkCondition("ipvlan-ens5") == "True Rendered" }
    }
  }

  @Test("a network that changes changes its definition; one that is wrong leaves it as it was, and says why")
  func changed() async throws {
    try await controlling { running in
      try await running.createNetwork("a")
      try await eventually("ens5") { await running.master("a") == "ens5" }
      let change = { @Sendable (spec: FieldValue) async throws in
        _ = try await running.client.mergePatch(
          Resources.networks, "a", namespace: "default", patch: ["spec": spec] as FieldValue)
      }
      try await change(["ipvlan": ["master": ["ens6"]]])
      try await eventually("ens6") { await running.master("a") == "ens6" }
      try await change(["ipvlan": ["master": ["ens7"], "mtu": 70000]])
      try await eventually("it is invalid") { await running.networkCondition("a") == "False Invalid" }
      #expect(await running.master("a") == "ens6")
      try await eventually("an event") { try await running.warnings(about: "a") == ["Invalid"] }
      try await change(["ipvlan": ["mtu": .null]])
      try await eventually("ens7") { await running.master("a") == "ens7" }
      try await eventually("it is ready") { await running.networkCondition("a") == "True Rendered" }
    }
  }

  @Test("a definition that somebody edits or deletes is set right; what others noted on it stays")
  func restored() async throws {
    try await controlling { running in
      try await running.createNetwork("a")
      try await eventually("a definition") { await running.master("a") == "ens5" }
      _ = try await running.client.mergePatch(
        Resources.definitions, "a", namespace: "default",
        patch: ["metadata": ["annotations": ["example.dev/note": "x"]], "spec": ["config": "{}"]]
          as FieldValue)
      try await eventually("it is set right") { await running.master("a") == "ens5" }
      #expect(await running.definition("a")?.metadata.annotations?["example.dev/note"] == "x")
      try await running.client.delete(Resources.definitions, "a", namespace: "default")
      try await eventually("it is there again") { await running.master("a") == "ens5" }
    }
  }

  @Test("two that correct each other do so less and less often, and an event says so")
  func disputed() async throws {
    try await controlling { running in
      try await running.createNetwork("a")
      try await eventually("a definition") { await running.master("a") == "ens5" }
      let start = ContinuousClock.now
      var corrections = 0
      while try await running.warnings(about: "a").isEmpty {
        try await running.setConfiguration(of: "a", to: "{}")
        try await eventually("it is set right") { await running.master("a") == "ens5" }
        corrections += 1
        try #require(ContinuousClock.now - start < .seconds(60), "no event after \(corrections) corrections")
      }
      #expect(try await running.warnings(about: "a") == ["Conflict"])
    }
  }

  @Test("a definition of somebody else stays as it is, until it may be taken over")
  func foreign() async throws {
    try await controlling { running in
      var metadata = ObjectMetadata(name: "a", namespace: "default")
      metadata.ownerReferences = [
        OwnerReference(apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "1", controller: true)
      ]
      _ = try await running.client.create(
        Resources.definitions, UnstructuredObject(metadata: metadata, fields: ["spec": ["config": "mine"]]))
      try await running.createNetwork("a")
      try await eventually("a conflict") { await running.networkCondition("a") == "False Conflict" }
      #expect(await running.definition("a")?["spec"]?["config"]?.string == "mine")
      try await eventually("an event") { try await running.warnings(about: "a") == ["Conflict"] }
      _ = try await running.client.mergePatch(
        Resources.definitions, "a", namespace: "default",
        patch: ["metadata": ["annotations": ["ipvlan-cni.dev/adopt": "true"]]] as FieldValue)
      try await eventually("it is taken over") { await running.master("a") == "ens5" }
      #expect(await running.definition("a")?.metadata.ownerReferences?.map(\.kind) == ["SpiderMultusConfig"])
      try await eventually("it is ready") { await running.networkCondition("a") == "True Rendered" }
    }
  }

  @Test("a network that is made anew under its name takes its definition over")
  func anew() async throws {
    try await controlling { running in
      try await running.createNetwork("a")
      try await eventually("a definition") { await running.master("a") == "ens5" }
      try await running.client.delete(Resources.networks, "a", namespace: "default")
      let network = try await running.createNetwork("a", master: "ens6")
      try await eventually("ens6") { await running.master("a") == "ens6" }
      #expect(
        await running.definition("a")?.metadata.ownerReferences?.map(\.uid) == [
          try #require(network.metadata.uid)
        ])
    }
  }

  @Test("of two networks that make one definition the older has it; a new name moves a network's definition")
  func names() async throws {
    try await controlling { running in
      try await running.createNetwork("a")
      try await eventually("a definition") { await running.master("a") == "ens5" }
      // The stand-in's clock has seconds; of one age the name decides.
      try await running.createNetwork(
        "b", master: "ens6", annotations: ["multus.spidernet.io/cr-name": "a"])
      try await eventually("a conflict") { await running.networkCondition("b") == "False Conflict" }
      #expect(await running.master("a") == "ens5")
      _ = try await running.client.mergePatch(
        Resources.networks, "a", namespace: "default",
        patch: ["metadata": ["annotations": ["multus.spidernet.io/cr-name": "c"]]] as FieldValue)
      try await eventually("c is a's, and a is b's") {
        let masters = (await running.master("c"), await running.master("a"))
        return masters == ("ens5", "ens6")
      }
      try await eventually("b is ready") { await running.networkCondition("b") == "True Rendered" }
    }
  }

  @Test("other types are left to whoever serves them; custom is used as it is")
  func types() async throws {
    try await controlling { running in
      try await running.createNetwork(
        "m", spec: ["cniType": "macvlan", "macvlan": ["master": ["ens5"]]])
      try await running.createNetwork(
        "c", spec: ["cniType": "custom", "customCNI": #" {"type": "bridge", "cniVersion": "0.3.1"}"#])
      try await running.createNetwork("empty", spec: ["cniType": "custom"])
      try await running.createNetwork("bad", spec: ["cniType": "custom", "customCNI": "{}"])
      try await eventually("c") { await running.definition("c") != nil }
      #expect(
        await running.definition("c")?["spec"]?["config"]?.string
          == #" {"type": "bridge", "cniVersion": "0.3.1"}"#)
      try await eventually("empty") { await running.definition("empty") != nil }
      #expect(await running.definition("empty")?["spec"]?["config"] == nil)
      try await eventually("conditions") {
        let conditions = (await running.networkCondition("m"), await running.networkCondition("bad"))
        return conditions == ("False NotServed", "False Invalid")
      }
      #expect(await running.definition("m") == nil)
      #expect(await running.definition("bad") == nil)
    }
  }

  @Test(
    "where networks have no status, as with Spiderpool's CRD, all else works and nothing is tried without end"
  )
  func plain() async throws {
    try await controlling(networksHaveStatus: false) { running in
      try await running.createNetwork("a")
      try await eventually("a definition") { await running.master("a") == "ens5" }
      try await eventually("it is noticed") { running.log.text.contains("has no status.conditions") }
      let before = running.writes
      try await Task.sleep(for: .seconds(1))
      #expect(running.writes == before)
      #expect(!running.log.text.contains("it is tried again"))
    }
  }

  @Test("without a complete list nothing is made and nothing set right")
  func incomplete() async throws {
    try await serving { running in
      running.server.order(
        FaultRule(
          .status(403, reason: "Forbidden"), to: "list", path: "network-attachment-definitions", times: nil))
      try await running.createNetwork("a")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await running.run("one") }
        group.addTask {
          try await eventually("it is told") {
            running.log.text.contains("cannot list network-attachment-definitions")
          }
          try await Task.sleep(for: .milliseconds(300))
          #expect(await running.definition("a") == nil)
          running.server.behave()
          try await eventually("a definition") { await running.master("a") == "ens5" }
        }
        try await group.next()
        group.cancelAll()
      }
    }
  }

  @Test("a write that is refused is tried again, and told once")
  func refused() async throws {
    try await controlling { running in
      running.server.order(
        FaultRule(.status(403, reason: "Forbidden"), to: "create", path: "network-attachment", times: nil))
      try await running.createNetwork("a")
      try await eventually("the condition") { await running.networkCondition("a") == "False NotWritten" }
      running.server.behave()
      try await eventually("a definition") { await running.master("a") == "ens5" }
      let told = running.log.text.split(separator: "\n").count { $0.contains("cannot create network-att") }
      #expect(told == 1, "\(running.log.text)")
      try await eventually("it is ready") { await running.networkCondition("a") == "True Rendered" }
    }
  }
}
