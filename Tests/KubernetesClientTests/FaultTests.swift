import KubernetesClient
import KubernetesStandIn
import Testing

@Suite struct FaultTests {
  @Test(
    "each refusal has a kind and the server's words",
    arguments: [
      (400, KubernetesError.Kind.badRequest), (401, .unauthorized), (403, .forbidden), (404, .notFound),
      (409, .conflict), (410, .expired), (418, .other), (422, .invalid), (429, .tooManyRequests),
      (500, .serverFailed), (503, .serverFailed), (504, .serverFailed),
    ])
  func refusal(_ code: Int, _ kind: KubernetesError.Kind) async throws {
    try await withStandIn { server, client in
      server.order(FaultRule(.status(code, reason: "Because", message: "of this", retryAfter: 7), times: nil))
      let error = await failure { _ = try await client.list(widgets, namespace: "a") }
      #expect(error?.kind == kind)
      #expect(error?.retryAfter == .seconds(7))
      #expect(
        error?.description
          == "cannot list widgets.example.dev in namespace a: the server answers \(code) Because: of this")
    }
  }

  @Test("an answer that is not the API's is told by its first words")
  func proxy() async throws {
    try await withStandIn { server, client in
      server.order(FaultRule(.text(502, "<h1>Bad gateway</h1>")))
      let error = await failure { _ = try await client.get(widgets, "a", namespace: "a") }
      #expect(error?.kind == .serverFailed)
      #expect(error?.description.contains("502: <h1>Bad gateway</h1>") ?? false)
    }
  }

  @Test(
    "what is no list is no empty list",
    arguments: ["{}", "[]", #"{"metadata":{}}"#, #"{"items":[]}"#, "", "null"])
  func noList(_ text: String) async throws {
    try await withStandIn { server, client in
      server.order(FaultRule(.text(200, text), to: "list"))
      #expect(await failure { _ = try await client.list(widgets, namespace: "a") }?.kind == .undecodable)
    }
  }

  @Test("an answer that is cut off is no answer", arguments: [0, 1, 40, 120])
  func cutOff(_ bytes: Int) async throws {
    try await withStandIn { server, client in
      _ = try await client.create(widgets, widget("a"))
      server.order(FaultRule(.cut(bytes: bytes), to: "list"))
      let error = await failure { _ = try await client.list(widgets, namespace: "a") }
      #expect(error?.kind == .unreachable)
    }
  }

  @Test("an answer that does not come ends in time")
  func silence() async throws {
    try await withStandIn({ $0.requestTimeout = .seconds(10) }) { server, client in
      server.order(FaultRule(.silence, to: "get"))
      #expect(await failure { _ = try await client.get(widgets, "a", namespace: "a") }?.kind == .timedOut)
      // The client is none the worse for it.
      _ = try await client.create(widgets, widget("a"))
      _ = try await client.get(widgets, "a", namespace: "a")
    }
  }

  @Test("a slow page is waited for")
  func slow() async throws {
    try await withStandIn { server, client in
      for number in 0..<5 { _ = try await client.create(widgets, widget("w\(number)")) }
      server.order(FaultRule(.slow(milliseconds: 200), to: "list", times: nil))
      #expect(try await client.list(widgets, namespace: "a", pageSize: 2).items.count == 5)
    }
  }

  @Test("a second page that is refused leaves no half list", arguments: [403, 429, 500])
  func secondPage(_ code: Int) async throws {
    try await withStandIn { server, client in
      for number in 0..<5 { _ = try await client.create(widgets, widget("w\(number)")) }
      server.order(FaultRule(.status(code, reason: "Because"), to: "list", skip: 1))
      #expect(
        await failure { _ = try await client.list(widgets, namespace: "a", pageSize: 2) }?.status?.code
          == code)
    }
  }

  @Test("a page that has expired begins the list again, in one piece")
  func expiredPage() async throws {
    try await withStandIn { server, client in
      for number in 0..<5 { _ = try await client.create(widgets, widget("w\(number)")) }
      server.order(FaultRule(.status(410, reason: "Expired"), to: "list", skip: 1))
      #expect(try await client.list(widgets, namespace: "a", pageSize: 2).items.count == 5)
      #expect(server.requests.last?.query["limit"] == nil)
    }
  }

  @Test("an answer that is too long is refused")
  func tooLong() async throws {
    try await withStandIn({ $0.largestAnswer = 2000 }) { _, client in
      for number in 0..<20 { _ = try await client.create(widgets, widget("w\(number)")) }
      #expect(await failure { _ = try await client.list(widgets, namespace: "a") }?.kind == .undecodable)
      #expect(try await client.list(widgets, namespace: "a", pageSize: 2).items.count == 20)
    }
  }

  @Test("a server that is not there is unreachable, and says where")
  func refused() async throws {
    let error = try await answer(of: "http://127.0.0.1:1")
    #expect(error?.kind == .unreachable)
    #expect(
      error?.description
        == "cannot get widgets.example.dev a/a: http://127.0.0.1:1 cannot be reached: connection refused")
  }

  @Test("a name that nobody knows is told with the name")
  func unknown() async throws {
    let error = try await answer(of: "http://nowhere.invalid:1")
    #expect(error?.kind == .unreachable)
    let start =
      "cannot get widgets.example.dev a/a: http://nowhere.invalid:1 cannot be reached: the name nowhere.invalid is not found: "
    #expect(error?.description.hasPrefix(start) ?? false, "\(error?.description ?? "")")
  }

  /// The error that a request to this server ends with.
  private func answer(of server: String) async throws -> KubernetesError? {
    try await withDirectory { directory in
      let path = directory + "/kubeconfig"
      try write(kubeconfig(server: server, user: "{token: admin}"), to: path)
      let configuration = ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test")
      return await APIClient.withClient(configuration, log: quiet) { client in
        await failure { _ = try await client.get(widgets, "a", namespace: "a") }
      }
    }
  }

  @Test("a cancelled request ends at once and says so")
  func cancelled() async throws {
    try await withStandIn { server, client in
      server.order(FaultRule(.silence, to: "get"))
      let task = Task { await failure { _ = try await client.get(widgets, "a", namespace: "a") }?.kind }
      try await eventually("the request came") { !server.requests.isEmpty }
      task.cancel()
      #expect(await task.value == .cancelled)
    }
  }
}

func widget(_ name: String, size: Int64 = 1) -> UnstructuredObject {
  UnstructuredObject(
    metadata: ObjectMetadata(name: name, namespace: "a"), fields: ["spec": ["size": .integer(size)]])
}
