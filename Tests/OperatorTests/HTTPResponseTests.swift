import Testing

@testable import Operator

/// Answers of HTTP/1 servers: where they end, and what is no answer.
@Suite struct HTTPResponseTests {
  private static let head = "HTTP/1.1 200 OK\r\n"

  private func read(_ text: String, isClosed: Bool = false) throws -> HTTPResponse? {
    try HTTPResponse(Array(text.utf8), isClosed: isClosed, limit: 1000)
  }

  /// An answer, whether it ends with the connection, its body, and whether the connection carries one more.
  @Test(arguments: [
    ("\(head)Content-Length: 2\r\n\r\nab", false, "ab", true),
    ("\(head)CONTENT-LENGTH:2\r\nconnection: Keep-Alive, CLOSE\r\n\r\nab", false, "ab", false),
    ("\(head)Content-Length: 0\r\n\r\n", false, "", true), ("HTTP/1.1 204 None\r\n\r\n", false, "", true),
    ("\(head)Content-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab", false, "ab", true),
    ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", false, "ab", false),
    ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab", false, "ab", true),
    ("HTTP/1.0 200 OK\r\n\r\nab", true, "ab", false), ("\(head)\r\nab", true, "ab", false),
    ("\(head)Connection: keep-alive\r\n\r\n", true, "", false),
    ("HTTP/1.1 200\nContent-Length: 2\n\nab", false, "ab", true),
    ("\(head)Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1;x=\"y\"\r\nb\r\n0\r\n\r\n", false, "ab", true),
    (
      "\(head)Transfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n0A \r\n0123456789\r\n00\r\nX: y\r\nZ: 0\r\n\r\n",
      false, "0123456789", true
    ),
    (
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n\(head)Content-Length: 2\r\n\r\nab",
      false, "ab", true
    ),
  ])
  func anAnswerIsRead(text: String, isClosed: Bool, body: String, keepsConnection: Bool) throws {
    let answer = try #require(try read(text, isClosed: isClosed))
    #expect(String(decoding: answer.body, as: UTF8.self) == body)
    #expect(answer.keepsConnection == keepsConnection)
    // Whatever is missing, it is not the whole answer: more must come, or it is cut short.
    for end in text.indices where end > text.startIndex {
      let part = String(text[..<end])
      if !isClosed { #expect(try read(part) == nil, "\(part)") }
      if !isClosed { #expect(throws: HTTPResponse.Fault.self, "\(part)") { try read(part, isClosed: true) } }
    }
  }

  @Test(arguments: [
    "SSH-2.0-OpenSSH\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 0 x\r\n\r\n",
    "\(head)Content-Length: -1\r\n\r\n", "\(head)Content-Length: 2, 3\r\n\r\n",
    "\(head)Content-Length: 99999\r\n\r\n",
    "\(head)Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "\(head)Content-Length: 99999999999999999999\r\n\r\n",
    "\(head)Transfer-Encoding: gzip, chunked\r\n\r\n", "\(head)Content-Encoding: gzip\r\n\r\n",
    "\(head)nonsense\r\n\r\n",
    "\(head)Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "\(head)Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "\(head)Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    "\(head)Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFF\r\n",
    "\(head)Transfer-Encoding: chunked\r\n\r\nFFFF\r\n",
  ])
  func whatIsNoAnswerIsRefused(text: String) {
    #expect(throws: HTTPResponse.Fault.self) { try read(text) }
  }

  @Test func anAnswerWithoutEndIsRefused() {
    #expect(throws: HTTPResponse.Fault.self) {
      try read(Self.head + String(repeating: "X: y\r\n", count: 200))
    }
  }

  @Test(arguments: [
    ("Retry-After: 2", 2), ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", nil), ("Retry-After: -1", nil),
  ])
  func theTimeToWaitIsRead(header: String, seconds: Int?) throws {
    let answer = try read("HTTP/1.1 503 Busy\r\n\(header)\r\nContent-Length: 0\r\n\r\n")
    #expect(answer?.status == 503 && answer?.retryAfter == seconds)
  }
}
