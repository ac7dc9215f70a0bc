import ClusterController
import ClusterObjects
import ClusterTestSupport
import Daemon
import Foundation
import KubernetesClient
import KubernetesStandIn
import Logging
import Testing

/// An API server, and a way to run controllers beside it.
struct Controlling: Sendable {
  let server: StandIn
  let client: APIClient
  let source: CredentialSource
  /// What the controllers have logged.
  let log: CapturedLog
  let change: @Sendable (inout ControllerOptions) -> Void

  /// Runs one controller until the task is cancelled.
  func run(_ identity: String) async throws {
    var options = ControllerOptions(
      credentials: source, identity: identity, listen: try #require(ListenAddress("127.0.0.1:0")),
      version: "0")
    options.namespace = "default"
    options.settling = .milliseconds(10)
    options.pace.status = .milliseconds(100)
    options.pace.definition = .milliseconds(100)
    options.electing = .init(
      leaseDuration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .milliseconds(100))
    options.reflecting.relistSpread = .milliseconds(100)
    options.reflecting.backoff = Backoff(initial: .milliseconds(20), longest: .milliseconds(100))
    change(&options)
    try await ClusterController(options, log: Logger(label: identity) { _ in log }).run()
  }

  /// How many requests wrote anything but the lease.
  var writes: Int {
    server.requests.count { !["get", "list", "watch"].contains($0.verb) && !$0.path.contains("leases") }
  }

  // MARK: networks

  @discardableResult
  func createNetwork(
    _ name: String, master: String = "ens5", annotations: [String: String]? = nil,
    spec: FieldValue? = nil
  ) async throws -> UnstructuredObject {
    try await client.create(
      Resources.networks,
      UnstructuredObject(
        metadata: ObjectMetadata(name: name, namespace: "default", annotations: annotations),
        fields: ["spec": spec ?? ["cniType": "ipvlan", "ipvlan": ["master": [.string(master)]]]]))
  }

  func definition(_ name: String) async -> UnstructuredObject? {
    try? await client.get(Resources.definitions, name, namespace: "default")
  }

  /// The master of the first plugin.
  func master(_ name: String) async -> String? {
    guard let text = await definition(name)?["spec"]?["config"]?.string,
      let list = try? JSONDecoder().decode(FieldValue.self, from: Data(text.utf8))
    else { return nil }
    return list["plugins"]?.array?.first?["master"]?.string
  }

  func setConfiguration(of name: String, to text: String) async throws {
    _ = try await client.mergePatch(
      Resources.definitions, name, namespace: "default",
      patch: ["spec": ["config": .string(text)]] as FieldValue)
  }

  func networkCondition(_ name: String) async -> String? {
    Self.condition(
      "Ready", try? await client.get(Resources.networks, name, namespace: "default"))
  }

  // MARK: pools

  func createPool(_ name: String, ips: [String], nodes: [String] = ["n1"]) async throws {
    _ = try await client.create(Resources.pools, pool(name, ips: ips, nodes: nodes))
  }

  func poolObject(_ name: String) async -> UnstructuredObject? {
    try? await client.get(Resources.pools, name)
  }
  func poolStatus(_ name: String) async -> FieldValue? { await poolObject(name)?["status"] }
  func poolCondition(_ name: String, _ type: String) async -> String? {
    Self.condition(type, await poolObject(name))
  }

  func poolMessage(_ name: String, _ type: String) async -> String? {
    await poolStatus(name)?["conditions"]?.array?.first { $0["type"]?.string == type }?["message"]?.string
  }

  /// Reports as a node's agent does: pools with their generation, and who holds what.
  func report(
    _ node: String, pools: [String] = [], holding: [String: (pool: String, pod: String)] = [:],
    isInStep: Bool = true, busy: [String]? = nil, isUnique: Bool = true
  ) async throws {
    var entries: [FieldValue] = []
    for name in pools {
      let metadata = try await client.get(Resources.pools, name).metadata
      let held = holding.values.count { $0.pool == name }
      entries.append([
        "name": .string(name), "uid": .string(metadata.uid ?? ""),
        "generation": .integer(metadata.generation ?? 0), "total": 5, "held": .integer(Int64(held)),
        "cooling": 0,
      ])
    }
    let nodeUID = try? await client.get(Resources.nodes, node).metadata.uid
    let status: FieldValue = [
      "nodeUID": nodeUID.map(FieldValue.string) ?? .null,
      "busy": busy.map { .array($0.map(FieldValue.string)) } ?? .null,
      "machineID": .string(node), "pools": .array(entries),
      "records": .array(
        holding.sorted { $0.key < $1.key }.map {
          ["ip": .string($0.key), "pool": .string($0.value.pool), "pod": .string($0.value.pod)]
        }),
      "conditions": [
        ["type": "PoolsInSync", "status": isInStep ? "True" : "False"],
        ["type": "AgentUnique", "status": isUnique ? "True" : "False"],
      ],
    ]
    if (try? await client.get(Resources.reports, node)) == nil {
      _ = try await client.create(Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: node)))
    }
    _ = try await client.mergePatch(
      Resources.reports, node, subresource: .status, patch: ["status": status] as FieldValue)
  }

  func createNode(_ name: String) async throws {
    _ = try await client.create(Resources.nodes, UnstructuredObject(metadata: ObjectMetadata(name: name)))
  }

  /// The warnings about an object, each by its reason.
  func warnings(about name: String) async throws -> [String] {
    try await client.list(Event.resource).items
      .filter { $0.involvedObject.name == name && $0.type == "Warning" }.compactMap(\.reason)
  }

  private static func condition(_ type: String, _ object: UnstructuredObject?) -> String? {
    object?["status"]?["conditions"]?.array?.first { $0["type"]?.string == type }.map {
      "\($0["status"]?.string ?? "") \($0["reason"]?.string ?? "")"
    }
  }
}

/// Runs `body` beside an API server, without a controller.
func serving(
  _ change: @escaping @Sendable (inout ControllerOptions) -> Void = { _ in },
  networksHaveStatus: Bool = true, _ body: @escaping @Sendable (Controlling) async throws -> Void
) async throws {
  try await withDirectory { directory in
    let served = [
      (Resources.pools, true), (Resources.networks, networksHaveStatus), (Resources.definitions, false),
      (Resources.nodes, true), (Resources.reports, true), (Resources.blocks, false),
    ]
    try await StandIn.run(serving: served) { server in
      try await withClient(server.kubeconfig, in: directory) { source, client in
        try await body(
          Controlling(server: server, client: client, source: source, log: CapturedLog(), change: change))
      }
    }
  }
}

/// Runs `body` beside an API server and a controller, which is ended then.
func controlling(
  _ change: @escaping @Sendable (inout ControllerOptions) -> Void = { _ in },
  networksHaveStatus: Bool = true, _ body: @escaping @Sendable (Controlling) async throws -> Void
) async throws {
  try await serving(change, networksHaveStatus: networksHaveStatus) { controlling in
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await controlling.run("one") }
      group.addTask { try await body(controlling) }
      try await group.next()
      group.cancelAll()
    }
  }
}
