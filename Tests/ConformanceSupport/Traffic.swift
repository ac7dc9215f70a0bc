internal import Glibc

/// Real packets between namespaces. Every wait is bounded; nothing sleeps for luck.
public enum Traffic {
  /// How long an exchange is watched that is to fail: many round trips.
  private static let watch = 1

  /// Whether an echo request from `source` to `address` is answered.
  ///
  /// Requests are repeated until one is answered.
  public static func ping(_ address: String, from source: Namespace, expecting isExpected: Bool = true) throws
    -> Bool
  {
    let limit = "\(isExpected ? patience : watch)"
    return try source.execute("ping", ["-n", "-q", "-c", "1", "-i", "0.2", "-w", limit, address]).isSuccess
  }

  /// What happened to a TCP connection.
  public struct Exchange: Sendable, Equatable {
    /// The client's address as the server saw it.
    public let client: String
  }

  /// Connects from `client` to a server in `server` and sends bytes both ways.
  ///
  /// - Parameter address: where the client connects to; the server listens on every address.
  /// - Returns: what the server saw; `nil` when no connection came about.
  public static func tcp(
    from client: Namespace, to server: Namespace, at address: String, port: UInt16 = 8080,
    expecting isExpected: Bool = true
  ) throws -> Exchange? {
    let seconds = isExpected ? patience : watch
    let isIPv6 = address.contains(":")
    let any = SocketAddress(isIPv6 ? "::" : "0.0.0.0", port: port)
    let listener = try server.run {
      try Socket(SOCK_STREAM, isIPv6: isIPv6, seconds: seconds).listen(at: any)
    }
    let caller = try client.run { try Socket(SOCK_STREAM, isIPv6: isIPv6, seconds: seconds) }
    guard caller.connect(to: SocketAddress(address, port: port), seconds: seconds) else { return nil }
    guard let (session, peer) = listener.accept() else { return nil }
    let question = Array("question".utf8)
    let answer = [UInt8](repeating: 0x61, count: 100_000)
    guard caller.send(question), session.receive(question.count) == question, session.send(answer, of: caller)
    else { return nil }
    return Exchange(client: peer)
  }

  /// Sends a datagram from `client` to `server` and one back.
  ///
  /// - Parameter isBound: the server has bound that very address, as servers on hosts with many do; else every one.
  /// - Returns: what the server saw; `nil` when no datagram came through.
  public static func udp(
    from client: Namespace, to server: Namespace, at address: String, port: UInt16 = 8080,
    isBound: Bool = false, expecting isExpected: Bool = true
  ) throws -> Exchange? {
    let isIPv6 = address.contains(":")
    let own = SocketAddress(isBound ? address : isIPv6 ? "::" : "0.0.0.0", port: port)
    let receiver = try server.run { try Socket(SOCK_DGRAM, isIPv6: isIPv6, seconds: 1).bind(to: own) }
    let caller = try client.run { try Socket(SOCK_DGRAM, isIPv6: isIPv6, seconds: 1) }
    guard caller.connect(to: SocketAddress(address, port: port), seconds: 1) else { return nil }
    for _ in 0..<(isExpected ? patience : watch) {
      guard caller.send(Array("question".utf8)), let peer = receiver.answer() else { continue }
      if caller.receive(1) != nil { return Exchange(client: peer) }
    }
    return nil
  }
}
