internal import Glibc

/// An Internet socket; it stays in the namespace in which it was made.
final class Socket: Sendable {
  private let descriptor: Int32

  /// Makes a socket whose waits end after some seconds.
  init(_ kind: __socket_type, isIPv6: Bool, seconds: Int) throws {
    descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SupportError("socket: error \(errno)") }
    limitWaits(seconds)
    var yes: Int32 = 1
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
  }

  private init(accepted descriptor: Int32, seconds: Int) {
    self.descriptor = descriptor
    limitWaits(seconds)
  }

  deinit { close(descriptor) }

  private func limitWaits(_ seconds: Int) {
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      unsafe setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  @discardableResult
  func bind(to address: SocketAddress) throws -> Socket {
    guard unsafe address.withPointer({ unsafe Glibc.bind(descriptor, $0, $1) }) == 0 else {
      throw SupportError("bind: error \(errno)")
    }
    return self
  }

  func listen(at address: SocketAddress) throws -> Socket {
    // Its server is closed, and a program that was started at that moment may have it open still.
    try eventually {
      let isBound = unsafe address.withPointer { unsafe Glibc.bind(descriptor, $0, $1) } == 0
      guard isBound || errno == EADDRINUSE else { throw SupportError("bind: error \(errno)") }
      return isBound
    }
    guard Glibc.listen(descriptor, 8) == 0 else { throw SupportError("listen: error \(errno)") }
    return self
  }

  /// Connects; SO_SNDTIMEO bounds the wait.
  func connect(to address: SocketAddress, seconds: Int) -> Bool {
    unsafe address.withPointer { unsafe Glibc.connect(descriptor, $0, $1) } == 0
  }

  /// Takes a connection that has come in, with the other end's address.
  func accept() -> (Socket, String)? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let accepted = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.accept(descriptor, $0, &length)
      }
    }
    guard accepted >= 0 else { return nil }
    return (Socket(accepted: accepted, seconds: patience), SocketAddress(address).text)
  }

  func send(_ bytes: [UInt8]) -> Bool {
    unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    } == bytes.count
  }

  /// Receives exactly `count` bytes, or `nil`.
  func receive(_ count: Int) -> [UInt8]? {
    var received: [UInt8] = []
    while received.count < count {
      var buffer = [UInt8](repeating: 0, count: count - received.count)
      let size = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
      guard size > 0 else { return nil }
      received += buffer.prefix(size)
    }
    return received
  }

  /// Sends bytes that `receiver`, in the same thread, takes: in pieces that fit the socket's buffer.
  func send(_ bytes: [UInt8], of receiver: Socket) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(4096))
      guard send(piece), receiver.receive(piece.count) == piece else { return false }
      rest = rest.dropFirst(piece.count)
    }
    return true
  }

  /// Receives a datagram and sends one byte back to where it came from, whose address is returned.
  func answer() -> String? {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    var buffer = [UInt8](repeating: 0, count: 2048)
    let sent = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard unsafe recvfrom(descriptor, &buffer, buffer.count, 0, address, &length) > 0 else { return -1 }
        return unsafe sendto(descriptor, buffer, 1, 0, address, length)
      }
    }
    return sent == 1 ? SocketAddress(address).text : nil
  }
}
