internal import Glibc

/// An Internet socket whose calls never wait, for many at once in one thread.
final class PolledSocket: Sendable {
  /// TCP or UDP.
  enum Transport: String, Sendable, CaseIterable { case tcp, udp }

  /// The number that poll(2) takes.
  let descriptor: Int32

  /// Makes a socket in the thread's namespace.
  init(_ transport: Transport, isIPv6: Bool) throws {
    let kind = transport == .tcp ? SOCK_STREAM : SOCK_DGRAM
    let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(kind.rawValue) | flags, 0)
    guard descriptor >= 0 else { throw SupportError("socket: error \(errno)") }
    var yes: Int32 = 1
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
  }

  private init(accepted descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Takes an address of its own.
  func bind(to address: SocketAddress) throws {
    guard unsafe address.withPointer({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else {
      throw SupportError("bind: error \(errno)")
    }
  }

  /// Lets connections come in.
  func listen() throws {
    guard Glibc.listen(descriptor, 64) == 0 else { throw SupportError("listen: error \(errno)") }
  }

  /// Begins to connect; `false` when that is refused at once.
  func connect(to address: SocketAddress) -> Bool {
    unsafe address.withPointer { unsafe Glibc.connect(descriptor, $0, $1) } == 0 || errno == EINPROGRESS
  }

  /// The error that a connection attempt ended with, or 0.
  var pendingError: Int32 {
    var (value, size): (Int32, socklen_t) = (0, socklen_t(MemoryLayout<Int32>.size))
    unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &size)
    return value
  }

  /// Takes a connection that has come in, with the other end's address.
  func accept() -> (PolledSocket, String)? {
    var (address, length) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
    let accepted = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.accept(descriptor, $0, &length)
      }
    }
    guard accepted >= 0 else { return nil }
    _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
    return (PolledSocket(accepted: accepted), SocketAddress(address).text)
  }

  /// Sends to the other end of a connection.
  @discardableResult
  func send(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  /// What has arrived; `nil` when nothing has, empty when the other end is done.
  func receive() -> String? {
    var buffer = [UInt8](repeating: 0, count: 2048)
    let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }

  /// Receives a datagram and answers it with `label` and the sender's address.
  func answer(as label: String) {
    var (address, length) = (sockaddr_storage(), socklen_t(MemoryLayout<sockaddr_storage>.size))
    var buffer = [UInt8](repeating: 0, count: 2048)
    unsafe withUnsafeMutablePointer(to: &address) { pointer in
      let sender = unsafe pointer
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard unsafe recvfrom(descriptor, &buffer, buffer.count, 0, address, &length) >= 0 else { return }
        let reply = Array("\(label) \(unsafe SocketAddress(sender.pointee).text)".utf8)
        unsafe _ = sendto(descriptor, reply, reply.count, 0, address, length)
      }
    }
  }
}
