internal import CLibC

/// A TCP connection to an address: no names are looked up, and no call waits for longer than it may.
public struct TCPConnection: ~Copyable {
  private let descriptor: OwnedDescriptor
  /// How long each step may take.
  private let milliseconds: Int

  /// Connects.
  ///
  /// - Parameter address: 4 or 16 bytes in network order.
  /// - Throws: the `Errno` of connect(2); `ETIMEDOUT` when nobody answers in time.
  public init(to address: [UInt8], port: UInt16, milliseconds: Int) throws(Errno) {
    descriptor = try Self.connected(address, port, milliseconds)
    self.milliseconds = milliseconds
  }

  /// Sends all bytes; they are few, and fit into the kernel's buffer.
  /// - Throws: the `Errno` of send(2).
  public func send(_ bytes: [UInt8]) throws(Errno) {
    var rest = bytes[...]
    while !rest.isEmpty {
      try wait(for: .writing)
      let count = unsafe rest.withUnsafeBytes { buffer in
        unsafe systemSend(descriptor.descriptor.rawValue, buffer)
      }
      guard count >= 0 else { throw Errno(rawValue: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// What comes next; empty when the other side has closed.
  /// - Throws: the `Errno` of recv(2); `ETIMEDOUT` when nothing comes in time.
  public func receive() throws(Errno) -> [UInt8] {
    try wait(for: .reading)
    var buffer = [UInt8](repeating: 0, count: 16384)
    let count = unsafe recv(descriptor.descriptor.rawValue, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Errno(rawValue: errno) }
    return Array(buffer[..<count])
  }

  private func wait(for interest: Polling.Interest) throws(Errno) {
    try Self.wait(descriptor.descriptor, interest, milliseconds)
  }

  private static func wait(
    _ descriptor: FileDescriptor, _ interest: Polling.Interest, _ milliseconds: Int
  ) throws(Errno) {
    guard !Polling.wait(for: [(descriptor, interest)], milliseconds: milliseconds).isEmpty else {
      throw .timedOut
    }
  }

  private static func connected(
    _ address: [UInt8], _ port: UInt16, _ milliseconds: Int
  ) throws(Errno) -> OwnedDescriptor {
    let family = address.count == 4 ? AF_INET : AF_INET6
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let number = socket(family, kind, 0)
    guard number >= 0 else { throw Errno(rawValue: errno) }
    let owned = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    if connect(number, address, port) == 0 { return owned }
    guard errno == EINPROGRESS else { throw Errno(rawValue: errno) }
    try wait(owned.descriptor, .writing, milliseconds)
    var (failure, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
    unsafe getsockopt(number, SOL_SOCKET, SO_ERROR, &failure, &size)
    guard failure == 0 else { throw Errno(rawValue: failure) }
    return owned
  }

  private static func connect(_ number: Int32, _ address: [UInt8], _ port: UInt16) -> Int32 {
    if address.count == 4 {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      unsafe withUnsafeMutableBytes(of: &name.sin_addr) { unsafe $0.copyBytes(from: address) }
      return unsafe withUnsafePointer(to: name) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe systemConnect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    var name = sockaddr_in6()
    name.sin6_family = sa_family_t(AF_INET6)
    name.sin6_port = port.bigEndian
    unsafe withUnsafeMutableBytes(of: &name.sin6_addr) { unsafe $0.copyBytes(from: address) }
    return unsafe withUnsafePointer(to: name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe systemConnect(number, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
      }
    }
  }
}

/// connect(2), whose name the type's own function hides.
private func systemConnect(_ number: Int32, _ name: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
  unsafe connect(number, name, size)
}

/// send(2), likewise; a connection that the other side has closed is an error, and no signal.
private func systemSend(_ number: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
}
