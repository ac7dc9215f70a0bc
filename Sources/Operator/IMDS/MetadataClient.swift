internal import Addressing
internal import Platform
internal import SystemPackage

/// Requests to EC2's instance metadata service, version 2, one after the other over one connection.
struct MetadataClient: ~Copyable {
  /// The service is on the same host: who needs longer is not there.
  private static let patience = 2000
  /// More than any answer of the service, in bytes.
  private static let largest = 1 << 20

  private let endpoint: MetadataEndpoint
  private let connection: TCPConnection
  private var received: [UInt8] = []
  private var token = ""

  private init(_ endpoint: MetadataEndpoint, _ connection: consuming TCPConnection) {
    self.endpoint = endpoint
    self.connection = connection
  }

  /// Connects, and asks for the token without which nothing else is answered.
  /// - Throws: ``Refusal`` that says what did not answer, and what to look at.
  static func open(_ endpoint: MetadataEndpoint) throws(Refusal) -> MetadataClient {
    var client = MetadataClient(endpoint, try connect(endpoint))
    let answer = try client.request(
      "PUT", "/latest/api/token", header: "X-aws-ec2-metadata-token-ttl-seconds: 60")
    guard answer.status == 200, !answer.body.isEmpty else {
      throw Refusal(
        "the instance metadata service at \(endpoint) gives no token: status \(answer.status); in a container the "
          + "hop limit must be 2: aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 "
          + "--instance-id $(cat /sys/class/dmi/id/board_asset_tag)")
    }
    client.token = answer.body
    return client
  }

  private static func connect(_ endpoint: MetadataEndpoint) throws(Refusal) -> TCPConnection {
    do throws(Errno) {
      return try TCPConnection(to: endpoint.address.bytes, port: endpoint.port, milliseconds: patience)
    } catch {
      throw Refusal(
        "the instance metadata service at \(endpoint) does not answer: \(error); is this an EC2 instance, and is "
          + "the service enabled? (aws ec2 describe-instances --query "
          + "'Reservations[].Instances[].MetadataOptions')")
    }
  }

  /// The lines of a document below `/latest/meta-data/`; `nil` when there is none (status 404).
  /// - Throws: ``Refusal`` for any other failure.
  mutating func lines(_ path: String) throws(Refusal) -> [String]? {
    let answer = try request(
      "GET", "/latest/meta-data/\(path)", header: "X-aws-ec2-metadata-token: \(token)")
    switch answer.status {
    case 200: return answer.body.split(separator: "\n").map(String.init)
    case 404: return nil
    default:
      throw Refusal(
        "the instance metadata service at \(endpoint) answers \(path) with status \(answer.status)")
    }
  }

  private mutating func request(
    _ method: String, _ path: String, header: String
  ) throws(Refusal) -> (status: Int, body: String) {
    let length = method == "PUT" ? "Content-Length: 0\r\n" : ""
    let text = "\(method) \(path) HTTP/1.1\r\nHost: \(endpoint.authority)\r\n\(header)\r\n\(length)\r\n"
    do throws(Errno) {
      try connection.send(Array(text.utf8))
      let head = try receive(until: Self.headEnd)
      guard let status = Self.status(head), let length = Self.contentLength(head), length <= Self.largest
      else {
        throw Errno.protocolError
      }
      while received.count < length { try receiveMore() }
      let body = String(decoding: received.prefix(length), as: UTF8.self)
      received.removeFirst(length)
      return (status, body)
    } catch {
      throw Refusal("the instance metadata service at \(endpoint) did not answer \(path): \(error)")
    }
  }

  private static let headEnd = Array("\r\n\r\n".utf8)

  /// The head of an answer, without the empty line that ends it.
  private mutating func receive(until mark: [UInt8]) throws(Errno) -> String {
    while true {
      if let end = received.indices.first(where: { received[$0...].starts(with: mark) }) {
        let head = String(decoding: received[..<end], as: UTF8.self)
        received.removeFirst(end + mark.count)
        return head
      }
      guard received.count < Self.largest else { throw .messageTooLong }
      try receiveMore()
    }
  }

  private mutating func receiveMore() throws(Errno) {
    let more = try connection.receive()
    guard !more.isEmpty else { throw .connectionReset }
    received += more
  }

  private static func status(_ head: String) -> Int? {
    let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
    return words.count >= 2 && words[0].hasPrefix("HTTP/1.") ? Int(words[1]) : nil
  }

  private static func contentLength(_ head: String) -> Int? {
    for line in head.split(separator: "\r\n").dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == "content-length" {
        return Int(parts[1].drop { $0 == " " })
      }
    }
    return nil
  }
}
