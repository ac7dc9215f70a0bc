import Foundation
import KubernetesClient
import KubernetesStandIn
import Testing

@Suite struct ValueTests {
  @Test(
    "a time keeps its form",
    arguments: [
      ("2026-11-28T16:52:29Z", 1_795_884_749, 0), ("2026-11-28T16:52:29.000000Z", 1_795_884_749, 0),
      ("1970-01-01T00:00:00.000001Z", 0, 1), ("2024-02-29T23:59:59Z", 1_709_251_199, 0),
      ("1969-12-31T23:59:59Z", -1, 0),
    ])
  func time(_ text: String, _ seconds: Int, _ microseconds: Int) throws {
    let time = try #require(Timestamp(text))
    #expect(time.seconds == seconds)
    #expect(time.microseconds == microseconds)
    #expect(time.description == text)
  }

  @Test("a time with an offset or other digits is read")
  func otherForms() {
    #expect(Timestamp("2026-11-28T18:52:29+02:00")?.description == "2026-11-28T16:52:29Z")
    #expect(Timestamp("2026-11-28T16:52:29.5Z")?.description == "2026-11-28T16:52:29.500000Z")
    #expect(Timestamp("2026-11-28T16:52:29.123456789Z")?.microseconds == 123456)
  }

  @Test(
    "what is no time is refused",
    arguments: [
      "", "2026-11-28", "2026-11-28T16:52:29", "2026-13-28T16:52:29Z", "2026-11-28 16:52:29Z",
      "2026-11-28T16:52:29.Z",
      "2026-11-28T16:52:29Zx", "2026-11-28T24:00:00Z", "2026-11-28T16:52:29+0200",
    ])
  func noTime(_ text: String) { #expect(Timestamp(text) == nil) }

  @Test("an object comes through unchanged, whatever its members")
  func unchanged() throws {
    let text = #"""
      {"apiVersion":"v1","kind":"X","metadata":{"name":"a","labels":{"a":"b"}},
       "spec":{"n":9007199254740993,"f":1.5,"t":true,"z":null,"l":[1,"2",[]],"o":{}},"data":{"k":"v"}}
      """#
    let value = try JSONDecoder().decode(FieldValue.self, from: Data(text.utf8))
    let object = try JSONDecoder().decode(UnstructuredObject.self, from: Data(text.utf8))
    let again = try JSONDecoder().decode(FieldValue.self, from: try JSONEncoder().encode(object))
    #expect(again == value)
    #expect(object["spec"]?["n"]?.integer == 9_007_199_254_740_993)
  }

  @Test("waits stay below a bound that doubles, and add to what the server asks for")
  func backoff() {
    var backoff = Backoff(initial: .seconds(1), longest: .seconds(8))
    for bound in [1, 2, 4, 8, 8, 8] {
      let wait = backoff.next()
      #expect(wait >= .zero && wait < .seconds(bound))
    }
    let busy = KubernetesError(.tooManyRequests, action: "", problem: "", retryAfter: .seconds(100))
    #expect(backoff.next(after: busy) >= .seconds(100))
    backoff.reset()
    #expect(backoff.next() < .seconds(1))
  }

  @Test("waits differ: clients that failed together do not come back together")
  func jitter() {
    let waits = Set(
      (0..<100).map { _ in
        var backoff = Backoff(initial: .seconds(10))
        return backoff.next()
      })
    #expect(waits.count > 90)
  }

  @Test("an event is written once, and counted when it is repeated")
  func events() async throws {
    try await withStandIn { _, client in
      let object = try await client.create(widgets, widget("a"))
      let recorder = EventRecorder(client, component: "test", repeatInterval: .zero)
      let reference = ObjectReference(widgets, object.metadata)
      for _ in 0..<3 { try await recorder.record(.warning, "Broken", "it broke", about: reference) }
      try await recorder.record(.normal, "Mended", "it works", about: reference)
      let events = try await client.list(Event.resource, namespace: "a").items
      #expect(events.count == 2)
      let broken = try #require(events.first { $0.reason == "Broken" })
      #expect(broken.count == 3)
      #expect(broken.type == "Warning")
      #expect(broken.involvedObject.uid == object.metadata.uid)
      // The server forgets events after an hour: then a new one is written.
      try await client.delete(Event.resource, broken.metadata.name ?? "", namespace: "a")
      try await recorder.record(.warning, "Broken", "it broke", about: reference)
      #expect(try await client.list(Event.resource, namespace: "a").items.count == 2)
      let patient = EventRecorder(client, component: "test", repeatInterval: .seconds(3600))
      for _ in 0..<3 { try await patient.record(.normal, "Fine", "all is well", about: reference) }
      #expect(
        try await client.list(Event.resource, namespace: "a").items.first { $0.reason == "Fine" }?.count == 1)
    }
  }
}
