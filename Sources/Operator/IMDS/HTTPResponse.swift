/// An answer of an HTTP/1 server, as far as it has arrived (RFC 9112).
///
/// EC2 closes connections when it likes, answers some requests in HTTP/1.0, and says little by headers; the body
/// ends by its length, by its last chunk, or with the connection.
struct HTTPResponse {
  /// The status; of an answer that has not arrived in whole it says nothing.
  let status: Int
  /// What the server sent behind the headers, without its coding.
  let body: [UInt8]
  /// Whether the connection can carry one more request.
  let keepsConnection: Bool
  /// Seconds after which the server wants to be asked again.
  let retryAfter: Int?

  /// Why bytes are no answer.
  enum Fault: Error, CustomStringConvertible {
    case noHTTP
    case badHeader(String)
    case badChunk
    case tooLarge
    case cutShort

    var description: String {
      switch self {
      case .noHTTP: "the answer is not HTTP/1"
      case .badHeader(let header): "the answer has a header that cannot be used: \(header)"
      case .badChunk: "the answer's chunks cannot be read"
      case .tooLarge: "the answer is too large"
      case .cutShort: "the connection was closed in the middle of the answer"
      }
    }
  }

  /// Reads an answer.
  ///
  /// - Parameters:
  ///   - bytes: all that has arrived.
  ///   - isClosed: nothing more will.
  ///   - limit: more bytes than an answer may have.
  /// - Returns: `nil` when more must arrive.
  /// - Throws: ``Fault`` for what is no answer, also for one that is cut short.
  init?(_ bytes: [UInt8], isClosed: Bool, limit: Int) throws(Fault) {
    guard bytes.count <= limit else { throw .tooLarge }
    var rest = bytes[...]
    var head: Head
    repeat {
      guard let next = try Head(&rest) else {
        if isClosed { throw .cutShort }
        return nil
      }
      head = next
      // Interim answers come before the one that counts.
    } while (100...199).contains(head.status)
    let body: [UInt8]?
    if head.hasNoBody {
      body = []
    } else if head.isChunked {
      body = try Self.chunks(&rest, limit: limit)
    } else if let length = head.length {
      guard length <= limit else { throw .tooLarge }
      body = rest.count >= length ? Array(rest.prefix(length)) : nil
    } else {
      body = isClosed ? Array(rest) : nil
    }
    guard let body else {
      if isClosed { throw .cutShort }
      return nil
    }
    status = head.status
    self.body = body
    keepsConnection = !isClosed && head.keepsConnection
    retryAfter = head.retryAfter
  }

  /// Chunks with their extensions, and trailers behind the last (RFC 9112, section 7.1).
  private static func chunks(_ rest: inout ArraySlice<UInt8>, limit: Int) throws(Fault) -> [UInt8]? {
    var body: [UInt8] = []
    while true {
      guard let line = Head.line(&rest) else { return nil }
      let digits = line.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
      guard let size = Int(digits, radix: 16), size >= 0, digits.first != "+" else { throw .badChunk }
      guard size <= limit else { throw .tooLarge }
      if size == 0 { break }
      guard rest.count >= size else { return nil }
      body += rest.prefix(size)
      rest = rest.dropFirst(size)
      guard let end = Head.line(&rest) else { return nil }
      guard end.isEmpty else { throw .badChunk }
    }
    while let trailer = Head.line(&rest) {
      if trailer.isEmpty { return body }
    }
    return nil
  }
}

extension HTTPResponse {
  /// The status line and the headers.
  fileprivate struct Head {
    let status: Int
    private let isVersion10: Bool
    private(set) var length: Int?
    private(set) var isChunked = false
    private(set) var retryAfter: Int?
    private var connection: [String] = []

    var hasNoBody: Bool { status == 204 || status == 304 }

    /// HTTP/1.0 closes unless it says otherwise (RFC 9112, section 9.3). A body without an end ends it, too.
    var keepsConnection: Bool {
      guard hasNoBody || isChunked || length != nil else { return false }
      return isVersion10 ? connection.contains("keep-alive") : !connection.contains("close")
    }

    /// Takes a head off the front; `nil` when it is not there in whole.
    init?(_ bytes: inout ArraySlice<UInt8>) throws(Fault) {
      var rest = bytes
      guard let first = Self.line(&rest) else { return nil }
      let words = first.split(separator: " ")
      guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]),
        (100...599).contains(status)
      else { throw .noHTTP }
      self.status = status
      isVersion10 = words[0] == "HTTP/1.0"
      while true {
        guard let line = Self.line(&rest) else { return nil }
        if line.isEmpty { break }
        try read(line)
      }
      bytes = rest
    }

    private mutating func read(_ line: String) throws(Fault) {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw .badHeader(line) }
      let value = parts[1].drop { $0 == " " || $0 == "\t" }
      let words = value.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" }.map(String.init)
      switch parts[0].lowercased() {
      case "content-length":
        // A proxy may have written it twice, the same each time.
        guard let first = words.first, Set(words).count == 1,
          first.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
          let number = Int(first), length == nil || length == number
        else { throw .badHeader(line) }
        length = number
      case "transfer-encoding":
        guard words == ["chunked"] else { throw .badHeader(line) }
        isChunked = true
      case "content-encoding":
        guard words.isEmpty || words == ["identity"] else { throw .badHeader(line) }
      case "connection": connection += words
      case "retry-after": retryAfter = words.first.flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
      default: break
      }
    }

    /// Takes a line off the front, without its end.
    static func line(_ bytes: inout ArraySlice<UInt8>) -> String? {
      guard let end = bytes.firstIndex(of: 0x0A) else { return nil }
      var line = bytes[..<end]
      if line.last == 0x0D { line = line.dropLast() }
      bytes = bytes[(end + 1)...]
      return String(decoding: line, as: UTF8.self)
    }
  }
}
