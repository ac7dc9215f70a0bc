import ClusterTestSupport
import Foundation
import KubernetesClient
import KubernetesStandIn
import Synchronization
import Testing

/// One after the other: some of them stop the server.
@Suite(.serialized) struct ServerTests {
  @Test("the API server answers as the stand-in does", arguments: Probe.all)
  func probe(_ probe: Probe) async throws {
    let answer = try await APIClient.withClient(try Cluster.configuration(), log: Cluster.log) { client in
      try await probe.ask(client, namespace: try await Cluster.namespace(client))
    }
    #expect(answer == probe.answer)
  }

  @Test("a token that the server does not know is unauthorized, one without a role forbidden")
  func tokens() async throws {
    let configuration = try Cluster.configuration("nobody")
    await APIClient.withClient(configuration, log: Cluster.log) { client in
      let error = await failure { _ = try await client.list(widgets) }
      #expect(error?.kind == .forbidden)
      #expect(error?.description.contains("cannot list resource \"widgets\"") ?? false, "\(error as Any)")
    }
    try await withKubeconfig("nobody", replacing: "nobody-token", with: "unknown") { configuration in
      await APIClient.withClient(configuration, log: Cluster.log) { client in
        let error = await failure { _ = try await client.list(widgets) }
        #expect(error?.kind == .unauthorized)
      }
    }
  }

  @Test("a server whose certificate another authority signed, or that has another name, is not spoken to")
  func untrusted() async throws {
    // The server's own certificate is no authority for it.
    try await withKubeconfig("nobody", replacing: "ca.crt", with: "other.crt") { configuration in
      await APIClient.withClient(configuration, log: Cluster.log) { client in
        let error = await failure { _ = try await client.list(widgets) }
        #expect(error?.kind == .untrusted, "\(error as Any)")
      }
    }
    for name in ["localhost", "kubernetes.default.svc", "named.test"] {
      try await withKubeconfig("admin", replacing: "server:", with: "tls-server-name: \(name), server:") {
        configuration in
        try await APIClient.withClient(configuration, log: Cluster.log) { client in
          _ = try await client.list(widgets)
        }
      }
    }
    try await withKubeconfig("admin", replacing: "server:", with: "tls-server-name: other.test, server:") {
      configuration in
      await APIClient.withClient(configuration, log: Cluster.log) { client in
        let error = await failure { _ = try await client.list(widgets) }
        #expect(error?.kind == .untrusted, "\(error as Any)")
      }
    }
  }

  @Test("an authority that is replaced in its file is believed from then on, and the former no longer")
  func authority() async throws {
    try await withKubeconfig("admin", replacing: "ca.crt", with: "changing.crt") { configuration in
      var configuration = configuration
      configuration.reloadInterval = .zero
      let changing = "\(try Cluster.directory)/changing.crt"
      let use = { (name: String) in
        try Data(contentsOf: URL(filePath: "\(try Cluster.directory)/\(name)"))
          .write(to: URL(filePath: changing), options: .atomic)
      }
      try use("ca.crt")
      try await APIClient.withClient(configuration, log: Cluster.log) { client in
        _ = try await client.list(widgets)
        try use("other.crt")
        #expect(await failure { _ = try await client.list(widgets) }?.kind == .untrusted)
        try use("ca.crt")
        _ = try await client.list(widgets)
      }
    }
  }

  @Test("a reflector is in step again after the server was killed, and says nothing false meanwhile")
  func killed() async throws {
    try await reflecting { client, namespace, seen in
      _ = try await client.create(widgets, widget("a", namespace))
      try await eventually("a") { seen.names == ["a"] }
      try await Cluster.command("kill-api")
      try await eventually("a failure") { seen.failures > 0 }
      #expect(seen.names == ["a"])
      try await Cluster.command("start-api")
      try await insist { _ = try await client.create(widgets, widget("b", namespace)) }
      try await eventually("b") { seen.names == ["a", "b"] }
      #expect(!seen.lists.dropFirst().contains(0), "no list was empty after the first")
    }
  }

  @Test("a server that stops without a word is noticed, and followed when it goes on")
  func paused() async throws {
    try await reflecting { client, namespace, seen in
      _ = try await client.create(widgets, widget("a", namespace))
      try await eventually("a") { seen.names == ["a"] }
      let before = seen.connections
      try await Cluster.command("pause-api")
      try await eventually("a failure") { seen.failures > 0 }
      try await Cluster.command("resume-api")
      try await eventually("a new watch") { seen.connections > before }
      try await insist { _ = try await client.create(widgets, widget("b", namespace)) }
      try await eventually("b") { seen.names == ["a", "b"] }
    }
  }

  @Test("40 clients that claim one name: one has it")
  func claim() async throws {
    try await APIClient.withClient(try Cluster.configuration(), log: Cluster.log) { client in
      let namespace = try await Cluster.namespace(client)
      let won = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<40 {
          group.addTask { (try? await client.create(widgets, widget("block", namespace))) != nil }
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(won == 1)
    }
  }

  @Test("a leader leads on the server's lease, and another after it")
  func lease() async throws {
    try await APIClient.withClient(try Cluster.configuration(), log: Cluster.log) { client in
      let namespace = try await Cluster.namespace(client)
      let leads = Leading()
      let contend = { @Sendable (name: String) in leads.contend(name, client, namespace) }
      let one = contend("one")
      try await eventually("one leads") { leads.name == "one" }
      let two = contend("two")
      one.cancel()
      await one.value
      try await eventually("two leads") { leads.name == "two" }
      two.cancel()
      await two.value
      let lease = try await client.get(Lease.resource, "l", namespace: namespace)
      #expect(lease.spec?.holderIdentity == "")
      #expect(lease.spec?.leaseTransitions == 1)
    }
  }

  @Test("the server takes events of objects of the cluster and of namespaces, and counts")
  func events() async throws {
    try await APIClient.withClient(try Cluster.configuration(), log: Cluster.log) { client in
      let namespace = try await Cluster.namespace(client)
      let object = try await client.create(widgets, widget("a", namespace))
      let recorder = EventRecorder(client, component: "test", host: "node", repeatInterval: .zero)
      for _ in 0..<2 {
        try await recorder.record(
          .warning, "Broken", "it broke", about: ObjectReference(widgets, object.metadata))
      }
      let events = try await client.list(Event.resource, namespace: namespace).items
      #expect(events.map(\.count) == [2])
      let nodes = Resource<UnstructuredObject>(
        group: "", version: "v1", plural: "nodes", kind: "Node", isNamespaced: false)
      let node = ObjectReference(nodes, ObjectMetadata(name: namespace))
      try await recorder.record(.warning, "Broken", "it broke", about: node)
      let found = try await client.list(
        Event.resource, namespace: "default", Selection(fields: "involvedObject.name=\(namespace)"))
      #expect(found.items.count == 1)
    }
  }
}

private final class Leading: Sendable {
  private let current = Mutex("")

  var name: String { current.withLock { $0 } }

  func contend(_ name: String, _ client: APIClient, _ namespace: String) -> Task<Void, Never> {
    let elector = LeaseElector(
      client, name: "l", namespace: namespace, identity: name,
      times: .init(leaseDuration: .seconds(15), renewDeadline: .seconds(10), retryPeriod: .milliseconds(300)),
      log: Cluster.log)
    return Task {
      await elector.run {
        self.current.withLock { $0 = name }
        while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
        self.current.withLock { $0 = "" }
      }
    }
  }
}

private func widget(_ name: String, _ namespace: String) -> UnstructuredObject {
  UnstructuredObject(
    metadata: ObjectMetadata(name: name, namespace: namespace), fields: ["spec": ["size": 1]])
}

private func failure(_ body: () async throws -> Void) async -> KubernetesError? {
  do {
    try await body()
    return nil
  } catch {
    return error as? KubernetesError
  }
}

/// Tries again while the server comes up.
private func insist(_ body: () async throws -> Void) async throws {
  for _ in 0..<300 {
    do {
      return try await body()
    } catch let error as KubernetesError where error.isTransient || error.kind == .forbidden {
      try await Task.sleep(for: .milliseconds(200))
    }
  }
  try await body()
}

/// A copy of a kubeconfig with another text in it, beside the original since its file names are relative.
private func withKubeconfig(
  _ user: String, replacing old: String, with new: String,
  _ body: (ClientConfiguration) async throws -> Void
) async throws {
  let directory = try Cluster.directory
  let text = try String(contentsOfFile: "\(directory)/\(user).kubeconfig", encoding: .utf8)
  #expect(text.contains(old))
  let path = "\(directory)/\(UUID()).kubeconfig"
  try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
  defer { try? FileManager.default.removeItem(atPath: path) }
  try await body(ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test"))
}

private final class Seen: Sendable {
  private struct State {
    var names: Set<String> = []
    var lists: [Int] = []
    var failures = 0
    var connections = 0
  }

  private let state = Mutex(State())

  var names: [String] { state.withLock { $0.names.sorted() } }
  var lists: [Int] { state.withLock { $0.lists } }
  var failures: Int { state.withLock { $0.failures } }
  var connections: Int { state.withLock { $0.connections } }

  func take(_ event: ReflectorEvent<UnstructuredObject>) {
    state.withLock { state in
      switch event {
      case .listed(let list):
        state.lists.append(list.items.count)
        state.names = Set(list.items.compactMap(\.metadata.name))
      case .changed(let object): if let name = object.metadata.name { state.names.insert(name) }
      case .deleted(let object): if let name = object.metadata.name { state.names.remove(name) }
      case .failed: state.failures += 1
      case .connected: state.connections += 1
      }
    }
  }
}

private func reflecting(
  _ body: @escaping @Sendable (APIClient, String, Seen) async throws -> Void
) async throws {
  var configuration = try Cluster.configuration()
  configuration.requestTimeout = .seconds(5)
  try await APIClient.withClient(configuration, log: Cluster.log) { client in
    let namespace = try await Cluster.namespace(client)
    var options = Reflector<UnstructuredObject>.Options()
    options.watchSeconds = 5...6
    options.idleLimit = .seconds(2)
    options.relistSpread = .milliseconds(500)
    options.backoff = Backoff(initial: .milliseconds(100), longest: .seconds(1))
    let reflector = Reflector(client, widgets, namespace: namespace, options: options, log: Cluster.log)
    let seen = Seen()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await reflector.run { seen.take($0) } }
      group.addTask {
        try await eventually("the first list") { !seen.lists.isEmpty }
        try await body(client, namespace, seen)
      }
      try await group.next()
      group.cancelAll()
    }
  }
}
