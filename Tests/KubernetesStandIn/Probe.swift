public import KubernetesClient

/// A question to an API server whose answer the product relies on, asked of the real one and of the stand-in alike.
public struct Probe: Sendable, CustomStringConvertible {
  /// What is asked.
  public let question: String
  /// The answer.
  public let answer: String
  let ask: @Sendable (Probing) async throws -> String

  init(_ question: String, _ answer: String, _ ask: @escaping @Sendable (Probing) async throws -> String) {
    self.question = question
    self.answer = answer
    self.ask = ask
  }

  /// Asks a server, in a namespace that nobody else uses.
  public func ask(_ client: APIClient, namespace: String) async throws -> String {
    try await ask(Probing(client: client, namespace: namespace))
  }

  /// The question.
  public var description: String { question }

  /// Every probe.
  public static let all: [Probe] = reading + writing + statusAndApply + deleting + watching + refusing
}

/// The collection that probes use: `widgets.example.dev`, with a status subresource.
public let widgets = Resource<UnstructuredObject>(
  group: "example.dev", version: "v1", plural: "widgets", kind: "Widget", isNamespaced: true)
/// A collection of the core group, without status.
public let configMaps = Resource<UnstructuredObject>(
  group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", isNamespaced: true)

/// What a probe works with.
struct Probing: Sendable {
  let client: APIClient
  let namespace: String

  func widget(_ name: String, _ spec: FieldValue = ["size": 1], labels: [String: String]? = nil)
    -> UnstructuredObject
  {
    UnstructuredObject(
      metadata: ObjectMetadata(name: name, namespace: namespace, labels: labels), fields: ["spec": spec])
  }

  @discardableResult
  func make(
    _ name: String, _ spec: FieldValue = ["size": 1], labels: [String: String]? = nil
  ) async throws -> UnstructuredObject {
    try await client.create(widgets, widget(name, spec, labels: labels))
  }

  func get(_ name: String) async throws -> UnstructuredObject {
    try await client.get(widgets, name, namespace: namespace)
  }

  @discardableResult
  func patch(
    _ name: String, _ patch: FieldValue, subresource: Subresource = .none
  ) async throws -> UnstructuredObject {
    try await client.mergePatch(widgets, name, namespace: namespace, subresource: subresource, patch: patch)
  }

  func delete(_ name: String, _ preconditions: DeletePreconditions = DeletePreconditions()) async throws {
    try await client.delete(widgets, name, namespace: namespace, preconditions: preconditions)
  }

  /// The kind of error, or what came instead.
  func outcome(_ body: () async throws -> Void) async -> String {
    do {
      try await body()
      return "ok"
    } catch let error as KubernetesError {
      return "\(error.kind)"
    } catch {
      return "\(error)"
    }
  }

  /// The first `count` events of a watch, in words.
  func events(
    _ count: Int, from version: String?, _ selection: Selection = .all, seconds: Int = 20,
    idle: Duration = .seconds(120), meanwhile: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> String {
    let (events, sink) = AsyncStream.makeStream(of: String.self)
    return try await withThrowingTaskGroup(of: String?.self) { group in
      group.addTask {
        try await client.watch(
          widgets, namespace: namespace, selection, from: version,
          limits: WatchLimits(duration: .seconds(seconds), idle: idle),
          onOpen: { sink.yield("open") },
          onEvent: { event in
            switch event {
            case .added(let object): sink.yield("added \(object.metadata.name ?? "")")
            case .modified(let object): sink.yield("modified \(object.metadata.name ?? "")")
            case .deleted(let object): sink.yield("deleted \(object.metadata.name ?? "")")
            case .bookmark(_, endsInitialEvents: true): sink.yield("complete")
            case .bookmark: break
            }
          })
        sink.finish()
        return nil
      }
      group.addTask {
        var seen: [String] = []
        for await event in events {
          if event == "open" {
            try await meanwhile()
            continue
          }
          seen.append(event)
          if seen.count == count { break }
        }
        return seen.joined(separator: ", ")
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      return "nothing"
    }
  }
}
