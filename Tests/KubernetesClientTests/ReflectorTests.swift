import KubernetesClient
import KubernetesStandIn
import Testing

@Suite struct ReflectorTests {
  @Test("it lists, follows, and tells of each change", arguments: Listing.allCases)
  func follows(_ listing: Listing) async throws {
    try await reflecting(by: listing) { server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      _ = try await client.mergePatch(
        widgets, "a", namespace: "a", patch: ["spec": ["size": 2]] as FieldValue)
      try await eventually("size 2") { seen.sizes == [2] }
      try await client.delete(widgets, "a", namespace: "a")
      try await eventually("gone") { seen.names.isEmpty }
      #expect(server.count(listing) == 1)
      #expect(server.requests.count { $0.verb == "list" } == (listing == .pages ? 1 : 0))
    }
  }

  @Test("a watch that ends goes on from where it was, without a list", arguments: Listing.allCases)
  func watchEnds(_ listing: Listing) async throws {
    try await reflecting(by: listing, { $0.watchSeconds = 1...1 }) { server, client, seen in
      try await eventually("three watches") { server.count("watch") >= 3 }
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      #expect(server.count(listing) == 1)
    }
  }

  @Test(
    "a list that fails keeps what was known",
    arguments: [
      Fault.status(401, reason: "Unauthorized"), .status(403, reason: "Forbidden"),
      .status(404, reason: "NotFound"),
      .status(429, reason: "TooManyRequests"), .status(500, reason: "InternalError"),
      .status(503, reason: "ServiceUnavailable"), .text(200, "{}"), .text(502, "bad gateway"),
      .cut(bytes: 60),
      .silence,
    ])
  func listFails(_ fault: Fault) async throws {
    try await reflecting { server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      server.order(FaultRule(fault, to: "list", times: 2))
      await server.restart()
      try await eventually("two failures") { seen.failures.count >= 2 }
      #expect(seen.names == ["a"])
      _ = try await client.create(widgets, widget("b"))
      try await eventually("b") { seen.names == ["a", "b"] }
      // At no time was the collection said to be empty but at the beginning.
      #expect(!seen.sizesOfLists.dropFirst().contains(0))
    }
  }

  @Test(
    "a collection that comes as a stream and breaks off keeps what was known",
    arguments: [
      Fault.status(401, reason: "Unauthorized"), .status(403, reason: "Forbidden"),
      .status(429, reason: "TooManyRequests"), .status(503, reason: "ServiceUnavailable"),
      .text(502, "bad gateway"),
      .end, .cut(bytes: 30), .line("nonsense"),
    ])
  func streamBreaks(_ fault: Fault) async throws {
    try await reflecting(by: .stream) { server, client, seen in
      for name in ["a", "b"] { _ = try await client.create(widgets, widget(name)) }
      try await eventually("both") { seen.names == ["a", "b"] }
      server.order(FaultRule(fault, to: "stream", times: 2))
      await server.restart()
      try await client.delete(widgets, "a", namespace: "a")
      try await eventually("two failures") { seen.failures.count >= 2 }
      try await eventually("a is gone") { seen.names == ["b"] }
      #expect(seen.sizesOfLists == [0, 1])
      #expect(server.count("list") == 0)
    }
  }

  @Test(
    "where the collection cannot come as a stream it is read in pages",
    arguments: [
      Fault.status(422, reason: "Invalid"), .status(400, reason: "BadRequest"),
      .status(
        500, reason: "InternalError", message: "the required storage feature RequestWatchProgress is disabled"
      ),
      // 1.36.2 with etcd 3.4.23.
      .line(
        #"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled","reason":"InternalError","code":500}}"#
      ),
    ])
  func streamRefused(_ fault: Fault) async throws {
    try await reflecting(by: .stream) { server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      server.order(FaultRule(fault, to: "stream", times: nil))
      await server.restart()
      try await eventually("a list") { server.count("list") == 1 }
      _ = try await client.create(widgets, widget("b"))
      try await eventually("b") { seen.names == ["a", "b"] }
      #expect(seen.failures.isEmpty)
      #expect(server.count("stream") == 2)
    }
  }

  @Test("what changes while the collection is sent belongs to it")
  func streamWithChanges() async throws {
    try await reflecting(by: .stream) { server, client, seen in
      for name in ["a", "b"] { _ = try await client.create(widgets, widget(name)) }
      try await eventually("both") { seen.names == ["a", "b"] }
      func line(_ type: String, _ name: String, size: Int) -> String {
        #"{"type":"\#(type)","object":{"metadata":{"name":"\#(name)","namespace":"a"},"spec":{"size":\#(size)}}}"#
      }
      server.streamLists(withChanges: [line("MODIFIED", "a", size: 9), line("DELETED", "b", size: 1)])
      await server.restart()
      try await eventually("the state behind the changes") { seen.names == ["a"] && seen.sizes == [9] }
      #expect(seen.sizesOfLists == [0, 1])
    }
  }

  @Test("a stream that never says that it is complete leads to pages")
  func streamWithoutEnd() async throws {
    try await reflecting(by: .stream, { $0.idleLimit = .seconds(4) }) { server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      server.order(FaultRule(.silence, to: "stream", times: nil))
      await server.restart()
      try await eventually("a list") { server.count("list") == 1 }
      _ = try await client.create(widgets, widget("b"))
      try await eventually("b") { seen.names == ["a", "b"] }
      #expect(seen.sizesOfLists == [0, 1])
    }
  }

  @Test(
    "a watch that is refused or breaks goes on from where it was",
    arguments: [
      Fault.status(429, reason: "TooManyRequests"), .status(500, reason: "InternalError"),
      .status(403, reason: "Forbidden"), .text(502, "bad gateway"), .cut(bytes: 30), .end,
    ])
  func watchBreaks(_ fault: Fault) async throws {
    try await reflecting({ $0.watchSeconds = 1...1 }) { server, client, seen in
      try await eventually("a watch") { server.count("watch") >= 1 }
      server.order(FaultRule(fault, to: "watch", times: 2))
      let before = server.count("watch")
      try await eventually("three more watches") { server.count("watch") >= before + 3 }
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      #expect(server.count("list") == 1)
    }
  }

  @Test(
    "an event that cannot be read leads to a list",
    arguments: ["{}", "nonsense", #"{"type":"NEWS","object":{}}"#, #"{"type":"ADDED"}"#])
  func unreadable(_ line: String) async throws {
    try await reflecting({ $0.watchSeconds = 1...1 }) { server, client, seen in
      server.order(FaultRule(.line(line), to: "watch"))
      try await eventually("a failure") { !seen.failures.isEmpty }
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      #expect(seen.failures.first?.kind == .undecodable)
      #expect(server.count("list") >= 2)
    }
  }

  @Test("after a restart of the server it lists again", arguments: Listing.allCases)
  func restart(_ listing: Listing) async throws {
    try await reflecting(by: listing) { server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      await server.restart()
      try await eventually("a second list") { server.count(listing) == 2 }
      try await client.delete(widgets, "a", namespace: "a")
      try await eventually("gone") { seen.names.isEmpty }
      #expect(seen.failures.isEmpty)
    }
  }

  @Test("a server that was restored to an older state is followed from there", arguments: Listing.allCases)
  func restored(_ listing: Listing) async throws {
    try await reflecting(by: listing, { $0.idleLimit = .seconds(3) }) { server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      let backup = await server.backUp()
      for name in ["b", "c", "d"] { _ = try await client.create(widgets, widget(name)) }
      try await eventually("all") { seen.names == ["a", "b", "c", "d"] }
      await server.restore(backup)
      try await eventually("the older state") { seen.names == ["a"] }
      _ = try await client.create(widgets, widget("e"))
      try await eventually("e") { seen.names == ["a", "e"] }
    }
  }

  @Test("a connection that went silent is given up after the idle limit")
  func silent() async throws {
    try await reflecting({ $0.idleLimit = .seconds(3) }) { server, client, seen in
      try await eventually("a watch") { server.count("watch") == 1 }
      server.order(FaultRule(.silence, to: "watch", times: 1))
      await server.restart()
      try await eventually("a watch that goes silent, and one more") { server.count("watch") >= 3 }
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      // The watch goes on from the last version, and tells what was missed.
      #expect(server.count("list") == 2)
      #expect(seen.failures.isEmpty)
    }
  }

  @Test("where nothing changes the watch is renewed, and nothing is listed", arguments: Listing.allCases)
  func quiet(_ listing: Listing) async throws {
    try await reflecting(by: listing, { $0.idleLimit = .seconds(4) }) { server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      let before = server.count("watch")
      try await eventually("three renewals") { server.count("watch") >= before + 3 }
      _ = try await client.create(widgets, widget("b"))
      try await eventually("b") { seen.names == ["a", "b"] }
      #expect(server.count(listing) == 1)
      #expect(seen.failures.isEmpty)
    }
  }

  @Test("a receiver that takes its time is no silence")
  func slowReceiver() async throws {
    try await reflecting({ $0.idleLimit = .seconds(3) }, delay: .seconds(4)) {
      server, client, seen in
      _ = try await client.create(widgets, widget("a"))
      try await eventually("a") { seen.names == ["a"] }
      _ = try await client.create(widgets, widget("b"))
      try await eventually("b") { seen.names == ["a", "b"] }
      #expect(server.count("watch") == 1)
    }
  }

  @Test("Retry-After is obeyed")
  func retryAfter() async throws {
    try await reflecting { server, _, seen in
      server.order(FaultRule(.status(429, reason: "TooManyRequests", retryAfter: 2), to: "list"))
      await server.restart()
      try await eventually("a third list") { server.count("list") >= 3 }
      let lists = server.requests.filter { $0.verb == "list" }.map(\.at)
      #expect(lists[2] - lists[1] >= .seconds(2))
      #expect(seen.failures.first?.retryAfter == .seconds(2))
    }
  }
}
