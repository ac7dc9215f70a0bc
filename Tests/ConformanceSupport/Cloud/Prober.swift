internal import Glibc

/// Servers in many namespaces, and clients that try them, all in one thread: hundreds of connections a second.
///
/// Each server says which one it is and whom it sees.
public final class Prober {
  /// Whom a client reached, and as whom.
  public struct Answer: Equatable, CustomStringConvertible {
    /// The server's label.
    public let server: String
    /// The client's address as the server saw it.
    public let client: String

    /// `pod-b, seen as 172.31.16.4`.
    public var description: String { "\(server), seen as \(client)" }
  }

  /// TCP or UDP.
  public enum Transport: String, Sendable, CaseIterable {
    case tcp, udp

    var socket: PolledSocket.Transport { self == .tcp ? .tcp : .udp }
  }

  private struct Server {
    let socket: PolledSocket
    let transport: Transport
    let label: String
  }

  private struct Session {
    let socket: PolledSocket
    let reply: String
  }

  private var servers: [Server] = []
  private var sessions: [Session] = []

  /// Without servers.
  public init() {}

  /// Serves both transports at these addresses of a namespace.
  public func serve(_ label: String, in namespace: Namespace, at addresses: [String], port: UInt16 = 8080)
    throws
  {
    for address in addresses {
      for transport in Transport.allCases {
        let socket = try namespace.run {
          let socket = try PolledSocket(transport.socket, isIPv6: address.contains(":"))
          try socket.bind(to: SocketAddress(address, port: port))
          if transport == .tcp { try socket.listen() }
          return socket
        }
        servers.append(Server(socket: socket, transport: transport, label: label))
      }
    }
  }

  /// Asks three times over one connection.
  ///
  /// - Parameters:
  ///   - source: the address that the client takes; `nil` leaves it to the kernel.
  ///   - milliseconds: how long a connection may take.
  /// - Returns: `nil` when nobody answered.
  public func ask(
    _ transport: Transport, from namespace: Namespace, source: String? = nil, at address: String,
    port: UInt16 = 8080, milliseconds: Int = patience * 1000
  ) throws -> Answer? {
    let client = try namespace.run {
      let client = try PolledSocket(transport.socket, isIPv6: address.contains(":"))
      if let source { try client.bind(to: SocketAddress(source, port: 0)) }
      return client
    }
    guard client.connect(to: SocketAddress(address, port: port)) else { return nil }
    defer { sessions = [] }
    let end = Self.now() + milliseconds
    var (asked, answers): (Int, [String]) = (0, [])
    while answers.count < 3 {
      let wantsToSend = asked == answers.count
      let left = end - Self.now()
      guard left > 0 else { return nil }
      let ready = wait(for: client, sending: wantsToSend, milliseconds: left)
      if ready & Int16(POLLERR) != 0 || client.pendingError != 0 { return nil }
      if wantsToSend, ready & Int16(POLLOUT) != 0 {
        guard client.send("question") else { return nil }
        asked += 1
      }
      if ready & Int16(POLLIN) != 0, let text = client.receive() {
        guard !text.isEmpty else { return nil }
        answers.append(text)
      }
    }
    let words = answers[0].split(separator: " ").map(String.init)
    guard words.count == 2, Set(answers).count == 1 else { return nil }
    return Answer(server: words[0], client: words[1])
  }

  /// Waits until something happens, and lets the servers answer what came in.
  /// - Returns: what the client can do.
  private func wait(for client: PolledSocket, sending: Bool, milliseconds: Int) -> Int16 {
    let readable = Int16(POLLIN)
    var entries = [
      pollfd(
        fd: client.descriptor, events: sending ? readable | Int16(POLLOUT) : readable, revents: 0)
    ]
    entries += servers.map { pollfd(fd: $0.socket.descriptor, events: readable, revents: 0) }
    entries += sessions.map { pollfd(fd: $0.socket.descriptor, events: readable, revents: 0) }
    let knownSessions = sessions
    guard unsafe poll(&entries, nfds_t(entries.count), Int32(clamping: milliseconds)) > 0 else { return 0 }
    for (server, entry) in zip(servers, entries[1...]) where entry.revents != 0 {
      switch server.transport {
      case .udp: server.socket.answer(as: server.label)
      case .tcp:
        if let (socket, peer) = server.socket.accept() {
          sessions.append(Session(socket: socket, reply: "\(server.label) \(peer)"))
        }
      }
    }
    for (session, entry) in zip(knownSessions, entries[(1 + servers.count)...]) where entry.revents != 0 {
      if session.socket.receive()?.isEmpty == false { session.socket.send(session.reply) }
    }
    return entries[0].revents
  }

  private static func now() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}
