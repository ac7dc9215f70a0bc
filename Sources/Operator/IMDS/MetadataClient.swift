internal import Addressing
internal import Platform

/// Requests to EC2's instance metadata service, version 2, one after the other, over as many connections as the
/// service wants.
struct MetadataClient: ~Copyable {
  /// In milliseconds; the service is link-local and answers at once, unless the node is very busy.
  private static let patience = 10_000
  /// More than any answer of the service, in bytes.
  private static let largest = 1 << 20
  /// In milliseconds, before each further attempt at what the service is too busy for.
  private static let pauses = [200, 600, 1500]

  private let endpoint: MetadataEndpoint
  private var connection: TCPConnection?
  private var token = ""

  private init(_ endpoint: MetadataEndpoint) {
    self.endpoint = endpoint
    connection = nil
  }

  /// Asks for the token without which nothing else is answered.
  /// - Throws: ``UserError`` that says what did not answer, and what to look at.
  static func open(_ endpoint: MetadataEndpoint) throws(UserError) -> MetadataClient {
    var client = MetadataClient(endpoint)
    try client.renewToken()
    return client
  }

  private mutating func renewToken() throws(UserError) {
    let answer = try patientRequest(
      "PUT", "/latest/api/token", header: "X-aws-ec2-metadata-token-ttl-seconds: 60")
    token = String(decoding: answer.body, as: UTF8.self)
    // What is no token must not become a header of the next request.
    guard answer.status == 200, !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw UserError(
        "the instance metadata service at \(endpoint) gives no token: status \(answer.status); in a container the "
          + "hop limit must be 2: aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 "
          + "--instance-id $(cat /sys/class/dmi/id/board_asset_tag)")
    }
  }

  /// The lines of a document below `/latest/meta-data/`; `nil` when there is none (status 404).
  /// - Throws: ``UserError`` for any other failure.
  mutating func lines(_ path: String) throws(UserError) -> [String]? {
    var answer = try get(path)
    if answer.status == 401 {
      // The token has run out.
      try renewToken()
      answer = try get(path)
    }
    switch answer.status {
    case 200:
      return String(decoding: answer.body, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    case 404: return nil
    default:
      throw UserError(
        "the instance metadata service at \(endpoint) answers \(path) with status \(answer.status)")
    }
  }

  /// The values that a document has, one a line; none when there is no such document.
  /// - Throws: ``UserError`` for a line that is none: half an answer is not a shorter one.
  mutating func values<Value>(_ path: String, _ parse: (String) -> Value?) throws(UserError) -> [Value] {
    var values: [Value] = []
    for line in try lines(path) ?? [] {
      guard let value = parse(line) else {
        throw UserError("the instance metadata service at \(endpoint) answers \(path) with \"\(line)\"")
      }
      values.append(value)
    }
    return values
  }

  private mutating func get(_ path: String) throws(UserError) -> HTTPResponse {
    try patientRequest("GET", "/latest/meta-data/\(path)", header: "X-aws-ec2-metadata-token: \(token)")
  }

  /// Asks again when the service is too busy, as it says with 429 or 5xx.
  private mutating func patientRequest(
    _ method: String, _ path: String, header: String
  ) throws(UserError) -> HTTPResponse {
    for pause in Self.pauses {
      let answer = try request(method, path, header: header)
      guard answer.status == 429 || answer.status >= 500 else { return answer }
      let wanted = (answer.retryAfter ?? 0) * 1000
      Platform.pause(milliseconds: max(pause, min(wanted, Self.patience)))
    }
    return try request(method, path, header: header)
  }

  private mutating func request(
    _ method: String, _ path: String, header: String
  ) throws(UserError) -> HTTPResponse {
    let length = method == "PUT" ? "Content-Length: 0\r\n" : ""
    let text = Array(
      "\(method) \(path) HTTP/1.1\r\nHost: \(endpoint.authority)\r\n\(header)\r\n\(length)\r\n".utf8)
    // Over a connection that has carried an answer the service may be about to close it: then nothing arrives.
    if let kept = connection.take() {
      if let answer = try exchange(kept, text, path, isFirst: false) { return answer }
    }
    guard let answer = try exchange(connect(), text, path, isFirst: true) else {
      throw failure(path, "the connection was closed without an answer")
    }
    return answer
  }

  /// Sends a request and waits for its answer; the connection is kept when it can carry one more.
  /// - Returns: `nil` when a connection that was kept turns out to be closed.
  private mutating func exchange(
    _ connection: consuming TCPConnection, _ text: [UInt8], _ path: String, isFirst: Bool
  ) throws(UserError) -> HTTPResponse? {
    var received: [UInt8] = []
    do throws(Errno) { try connection.send(text) } catch {
      if !isFirst { return nil }
      throw failure(path, "\(error)")
    }
    while true {
      let more: [UInt8]
      do throws(Errno) { more = try connection.receive() } catch {
        if !isFirst, received.isEmpty, error == .connectionReset { return nil }
        throw failure(path, "\(error)")
      }
      received += more
      if received.isEmpty, more.isEmpty { return nil }
      do throws(HTTPResponse.Fault) {
        guard let answer = try HTTPResponse(received, isClosed: more.isEmpty, limit: Self.largest) else {
          continue
        }
        if answer.keepsConnection { self.connection = consume connection }
        return answer
      } catch {
        throw failure(path, "\(error)")
      }
    }
  }

  private func connect() throws(UserError) -> TCPConnection {
    do throws(Errno) {
      return try TCPConnection(to: endpoint.address.bytes, port: endpoint.port, milliseconds: Self.patience)
    } catch {
      throw UserError(
        "the instance metadata service at \(endpoint) does not answer: \(error); is this an EC2 instance, and is "
          + "the service enabled? (aws ec2 describe-instances --query "
          + "'Reservations[].Instances[].MetadataOptions')")
    }
  }

  private func failure(_ path: String, _ reason: String) -> UserError {
    UserError("the instance metadata service at \(endpoint) did not answer \(path): \(reason)")
  }
}
