internal import Glibc
internal import Synchronization

/// EC2's instance metadata service, version 2, in a node's namespace: it answers what its documents say, and only to
/// those who have fetched a token.
public final class MetadataService: Sendable {
  /// How the service behaves.
  public enum Mood: Sendable {
    case well
    /// As in a container, when the hop limit is 1: no token arrives, and without one nothing is told.
    case withoutToken
    /// Connections are taken, and nothing is ever said.
    case silent
    /// Each answer ends its connection, and says so.
    case closing
    /// As `closing`, without saying so.
    case closingSilently
    /// HTTP/1.0: the body ends with the connection.
    case old
    /// Bodies in chunks with extensions, and trailers behind them; some other answer comes first.
    case chunked
    /// Every third request is refused, since there are too many.
    case busy
    /// Every request is.
    case overrun
    /// The connection ends in the middle of each body, whatever says how long it is.
    case cutShort, cutShortInChunks
  }

  private struct State {
    var mood = Mood.well
    var documents: [String: String] = [:]
    var connections = 0
    var requests = 0
  }

  private let state: Mutex<State>
  private let isEnded = Atomic<Bool>(false)
  private static let token = "AQAEAH-secret=="
  private static let interfaces = "network/interfaces/macs/"

  /// What `--imds-endpoint` is given.
  public let endpoint: String

  /// Starts to listen, with the guide's NICs.
  public init(on node: Node, port: UInt16 = 8111, address: String = "127.0.0.1") throws {
    endpoint = address.contains(":") ? "http://[\(address)]:\(port)" : "http://\(address):\(port)"
    state = Mutex(State())
    let listener = try node.namespace.run {
      try Socket(SOCK_STREAM, isIPv6: address.contains(":"), seconds: 1)
        .listen(at: SocketAddress(address, port: port))
    }
    // Held weakly, so that the service ends with the test.
    try startOnThread { [weak self] in
      while self?.isEnded.load(ordering: .relaxed) == false {
        guard let (session, _) = listener.accept() else { continue }
        self?.serve(session)
      }
    }
  }

  /// Stops to listen, within a second.
  public func end() { isEnded.store(true, ordering: .relaxed) }

  /// From now on the service behaves so.
  public func set(_ mood: Mood) { state.withLock { $0.mood = mood } }

  /// How often somebody has connected.
  public var connections: Int { state.withLock { $0.connections } }

  /// Tells of a NIC of the guide's node what EC2 does: its own address first, then those for pods.
  public func describe(_ nic: Site.NIC, addresses: [String]? = nil, prefixes: [String] = []) {
    let own = { (text: String) in String(text.prefix { $0 != "/" }) }
    let subnet = nic.name == "ens5" ? "172.31.16.0/20" : "210.22.16.0/24"
    describe(
      nic.mac,
      [
        "interface-id": "eni-\(nic.name)", "device-number": nic.name == "ens5" ? "0" : "1",
        "subnet-ipv4-cidr-block": subnet,
        "local-ipv4s": ([own(nic.addresses[0])] + (addresses ?? nic.podAddresses)).joined(separator: "\n"),
        "ipv4-prefix": prefixes.joined(separator: "\n"),
      ])
  }

  /// Tells something of a NIC; without anything it is listed, as one that was detached a moment ago.
  public func describe(_ mac: String, _ documents: [String: String]) {
    state.withLock { state in
      let list = state.documents[Self.interfaces] ?? ""
      if !list.contains(mac) { state.documents[Self.interfaces] = list + "\(mac)/\n" }
      for (name, text) in documents {
        // What there is none of is answered with 404.
        state.documents["\(Self.interfaces)\(mac)/\(name)"] = text.isEmpty ? nil : text
      }
    }
  }

  /// No more tells anything of a NIC.
  public func forget(_ nic: Site.NIC) {
    state.withLock { state in
      let list = state.documents[Self.interfaces] ?? ""
      state.documents[Self.interfaces] = list.replacing("\(nic.mac)/\n", with: "")
      for name in state.documents.keys where name.hasPrefix("\(Self.interfaces)\(nic.mac)/") {
        state.documents[name] = nil
      }
    }
  }

  /// One connection, with its requests one after the other.
  private func serve(_ session: Socket) {
    let mood = state.withLock { state in
      state.connections += 1
      return state.mood
    }
    if mood == .silent {
      _ = session.receive(1 << 20)
      return
    }
    while let request = head(session) {
      let number = state.withLock { state in
        state.requests += 1
        return state.requests
      }
      let isRefused = mood == .overrun || (mood == .busy && number % 3 == 0)
      let (status, body) = isRefused ? (number % 2 == 0 ? 503 : 429, "busy") : answer(request, mood)
      guard session.send(Array(Self.text(status, body, mood).utf8)), !Self.ends(mood) else { return }
    }
  }

  private static func ends(_ mood: Mood) -> Bool {
    switch mood {
    case .closing, .closingSilently, .old, .cutShort, .cutShortInChunks: true
    case .well, .withoutToken, .silent, .chunked, .busy, .overrun: false
    }
  }

  /// An answer as it goes over the wire.
  private static func text(_ status: Int, _ body: String, _ mood: Mood) -> String {
    let half = body.prefix(body.count / 2)
    let length = "Content-Length: \(body.utf8.count)\r\n"
    let first = "HTTP/1.1 \(status) Whatever\r\nContent-Type: text/plain\r\n"
    let chunk = { (text: Substring) in "\(String(text.utf8.count, radix: 16));a=\"b\"\r\n\(text)\r\n" }
    let coding = "Transfer-Encoding: chunked\r\n\r\n"
    switch mood {
    case .closing: return "\(first)Connection: close\r\n\(length)\r\n\(body)"
    case .old: return "HTTP/1.0 \(status) Whatever\r\nServer: EC2ws\r\n\r\n\(body)"
    case .chunked:
      let chunks = half.isEmpty ? [body[...]] : [half, body.dropFirst(half.count)]
      return "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n\(first)\(coding)"
        + chunks.filter { !$0.isEmpty }.map(chunk).joined() + "000;last\r\nX-Trailer: a\r\n\r\n"
    case .cutShort: return "\(first)\(length)\r\n\(half)"
    case .cutShortInChunks: return "\(first)\(coding)\(chunk(half))"
    default: return "\(first)\(length)\r\n\(body)"
    }
  }

  private func head(_ session: Socket) -> [Substring]? {
    var bytes: [UInt8] = []
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard let byte = session.receive(1) else { return nil }
      bytes += byte
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
  }

  private func answer(_ request: [Substring], _ mood: Mood) -> (status: Int, body: String) {
    let words = request[0].split(separator: " ")
    let header = { (name: String) in
      request.dropFirst().first { $0.lowercased().hasPrefix("\(name):") }
        .map { $0.drop { $0 != ":" }.dropFirst().drop { $0 == " " } }
    }
    if words.first == "PUT", words.dropFirst().first == "/latest/api/token" {
      let isAsked = header("x-aws-ec2-metadata-token-ttl-seconds") != nil
      return isAsked && mood != .withoutToken ? (200, Self.token) : (403, "")
    }
    guard header("x-aws-ec2-metadata-token").map(String.init) == Self.token else { return (401, "") }
    let path = words.dropFirst().first ?? ""
    guard path.hasPrefix("/latest/meta-data/"),
      let text = state.withLock({ $0.documents[String(path.dropFirst("/latest/meta-data/".count))] })
    else { return (404, "") }
    return (200, text)
  }
}
