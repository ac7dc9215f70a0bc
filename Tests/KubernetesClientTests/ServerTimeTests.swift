import KubernetesStandIn
import Testing

@testable import KubernetesClient

/// The server's clock, as its answers tell it.
@Suite struct ServerTimeTests {
  @Test(
    "the date of an answer is read",
    arguments: [
      // RFC 9110, 5.6.7
      ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
      ("Thu, 01 Jan 2026 00:00:00 GMT", "2026-01-01T00:00:00Z"),
      ("Sun, 01 Feb 2026 23:59:59 GMT", "2026-02-01T23:59:59Z"),
      ("Tue, 31 Mar 2026 12:00:00 GMT", "2026-03-31T12:00:00Z"),
      ("Thu, 30 Apr 2026 12:00:00 GMT", "2026-04-30T12:00:00Z"),
      ("Sun, 31 May 2026 12:00:00 GMT", "2026-05-31T12:00:00Z"),
      ("Tue, 30 Jun 2026 12:00:00 GMT", "2026-06-30T12:00:00Z"),
      ("Fri, 31 Jul 2026 12:00:00 GMT", "2026-07-31T12:00:00Z"),
      ("Mon, 31 Aug 2026 12:00:00 GMT", "2026-08-31T12:00:00Z"),
      ("Wed, 30 Sep 2026 12:00:00 GMT", "2026-09-30T12:00:00Z"),
      ("Sat, 31 Oct 2026 12:00:00 GMT", "2026-10-31T12:00:00Z"),
      ("Thu, 31 Dec 2026 12:00:00 GMT", "2026-12-31T12:00:00Z"),
      ("Thu, 29 Feb 2024 12:00:00 GMT", "2024-02-29T12:00:00Z"),
    ])
  func date(_ text: String, _ time: String) { #expect(Timestamp(httpDate: text)?.description == time) }

  @Test(
    "what is no such date is refused, also the two obsolete forms",
    arguments: [
      "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37 GMT, Sun", "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 11 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
      "1994-11-06T08:49:37Z",
    ])
  func noDate(_ text: String) { #expect(Timestamp(httpDate: text) == nil) }

  @Test("a list says when the server answered, also where it is read in pages")
  func list() async throws {
    try await withStandIn { _, client in
      let before = Timestamp.now().seconds
      for name in ["a", "b", "c"] { _ = try await client.create(widgets, widget(name)) }
      for size in [500, 1] {
        let list = try await client.list(widgets, pageSize: size)
        #expect(list.items.count == 3)
        let time = try #require(list.serverTime)
        // A stand-in of a busy machine reads its clock late.
        #expect((before - 60...Timestamp.now().seconds).contains(time.seconds))
      }
    }
  }
}
