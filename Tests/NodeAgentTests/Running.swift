import ClusterObjects
import ClusterTestSupport
import Daemon
import Foundation
import IPAM
import JSON
import KubernetesClient
import KubernetesStandIn
import Logging
import Platform
import Synchronization
import Testing

@testable import NodeAgent

/// An API server, and an agent of node n1 that follows it.
struct Running: Sendable {
  let server: StandIn
  let client: APIClient
  let directory: String
  /// What the agent has logged.
  let log: CapturedLog

  var poolDirectory: String { "\(directory)/ippool.d" }
  var dataDirectory: String { "\(directory)/data" }
  var runDirectory: String { "\(directory)/run" }
  /// Where `ipvlan-multi` would record what it has attached.
  var recordDirectory: String { "\(directory)/multi" }
  var file: String { "\(poolDirectory)/zz-kubernetes.json" }

  /// The pools that the plugin would find, with those that are disabled.
  var pools: [String] {
    PoolCatalog(directory: poolDirectory).pools.map {
      "\($0.name)\($0.isDisabled ? " disabled" : "") \($0.addresses.ranges.map(\.description).joined(separator: ","))"
    }.sorted()
  }

  func create(_ objects: UnstructuredObject...) async throws {
    for object in objects { _ = try await client.create(Resources.pools, object) }
  }

  func change(_ name: String, _ spec: FieldValue) async throws {
    _ = try await client.mergePatch(Resources.pools, name, patch: ["spec": spec] as FieldValue)
  }

  /// Makes a pod of node n1, with its namespace if that is not there yet.
  /// - Returns: its uid.
  @discardableResult
  func createPod(
    _ name: String, namespace: String = "default", labels: [String: String] = [:],
    annotations: [String: String] = [:], _ spec: FieldValue = ["nodeName": "n1"]
  ) async throws -> String {
    _ = try? await client.create(
      Resources.namespaces.reading(UnstructuredObject.self),
      UnstructuredObject(metadata: ObjectMetadata(name: namespace)))
    let metadata = ObjectMetadata(
      name: name, namespace: namespace, labels: labels, annotations: annotations)
    return try await client.create(
      pods, UnstructuredObject(metadata: metadata, fields: ["spec": spec])
    ).metadata.uid ?? ""
  }

  var pods: Resource<UnstructuredObject> { Resources.pods.reading(UnstructuredObject.self) }

  /// The uids of the pods that have files.
  var podFiles: [String] {
    ((try? Files.names(in: "\(runDirectory)/pods")) ?? []).compactMap(PodFiles.uid(ofFile:))
  }

  /// What the plugin finds of a pod.
  func record(_ uid: String) -> PodRecord? {
    let files = PodFiles(runDirectory: runDirectory)
    return files.path(uid).flatMap { try? files.read($0) }
  }

  /// Whether the plugin waits for files of pods.
  var hasPodFiles: Bool { PoolCatalog(directory: poolDirectory).hasPodFiles }

  /// The report as the API server has it.
  func status(of node: String = "n1") async -> FieldValue? {
    try? await client.get(Resources.reports, node)["status"]
  }

  func condition(_ type: String) async -> String? {
    await status()?["conditions"]?.array?.first { $0["type"]?.string == type }.map {
      "\($0["status"]?.string ?? "") \($0["reason"]?.string ?? "")"
    }
  }

  func reportedPool(_ name: String) async -> FieldValue? {
    await status()?["pools"]?.array?.first { $0["name"]?.string == name }
  }

  /// Has the plugin's allocator give an address.
  @discardableResult
  func add(_ pod: String, uid: String = "", onNode node: String? = "n1") throws -> String {
    let request = request(pod, uid)
    return try allocator(node).allocate(request).assignments.map { "\($0.address)" }.joined(separator: ",")
  }

  func delete(_ pod: String) throws { try allocator().release(request(pod)) }

  private func request(_ pod: String, _ uid: String = "") -> AllocationRequest {
    AllocationRequest(
      attachment: AttachmentID(network: "n", containerID: pod, ifname: "eth0"),
      pod: .init(namespace: "default", name: pod, uid: uid))
  }

  private func allocator(_ node: String? = "n1") throws -> IPPoolAllocator {
    var keys: JSONObject = [
      "poolDir": .string(poolDirectory), "dataDir": .string(dataDirectory), "runDir": .string(runDirectory),
      "cooldownSeconds": .int(1),
    ]
    keys["nodeName"] = node.map(JSONValue.string)
    return try IPPoolAllocator(JSONFields(keys), network: "n", environment: Environment()).inThreads()
  }
}

/// Runs `body` beside an agent, which is ended then.
func running(
  _ change: @escaping @Sendable (inout AgentOptions) -> Void = { _ in },
  before: @escaping @Sendable (Running) async throws -> Void = { _ in },
  _ body: @escaping @Sendable (Running) async throws -> Void
) async throws {
  try await withDirectory { directory in
    let served = [
      (Resources.pools, true), (Resources.reservedIPs, false), (Resources.nodes, true),
      (Resources.reports, true), (Resources.blocks, false),
      (Resources.pods.reading(UnstructuredObject.self), true),
      (Resources.namespaces.reading(UnstructuredObject.self), true), (Resources.definitions, false),
    ]
    try await StandIn.run(serving: served) { server in
      try await withClient(server.kubeconfig, in: directory) { source, client in
        let log = CapturedLog()
        let running = Running(server: server, client: client, directory: directory, log: log)
        try await before(running)
        var options = AgentOptions(
          credentials: source, nodeName: "n1", listen: try #require(ListenAddress("127.0.0.1:0")),
          version: "0")
        options.poolDirectory = running.poolDirectory
        options.dataDirectory = running.dataDirectory
        options.runDirectory = running.runDirectory
        options.recordDirectory = running.recordDirectory
        options.lookInterval = .milliseconds(100)
        options.settling = .milliseconds(10)
        options.blip = .zero
        options.lookSpread = .milliseconds(50)
        options.lossGrace = .milliseconds(500)
        options.reportBackoff = Backoff(initial: .milliseconds(50), longest: .milliseconds(200))
        options.reflecting.relistSpread = .milliseconds(100)
        options.reflecting.backoff = Backoff(initial: .milliseconds(20), longest: .milliseconds(100))
        change(&options)
        let agent = NodeAgent(
          options, log: Logger(label: "agent") { _ in log },
          machine: MachineIdentity(machineID: "machine-1", bootID: "boot-1"))
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await agent.run() }
          group.addTask {
            do { try await body(running) } catch {
              throw NotWithin(description: "\(error); the agent's log:\n\(log.text)")
            }
          }
          try await group.next()
          group.cancelAll()
        }
      }
    }
  }
}
