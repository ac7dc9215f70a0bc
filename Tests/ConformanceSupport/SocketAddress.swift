internal import Glibc

/// An IP address and a port as socket calls take them.
struct SocketAddress: Sendable {
  private let storage: sockaddr_storage
  private let length: socklen_t

  /// The address of a socket at the other end.
  init(_ storage: sockaddr_storage) {
    self.storage = storage
    length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  }

  /// An address as text, of either family.
  init(_ text: String, port: UInt16) {
    var storage = sockaddr_storage()
    let isIPv6 = text.contains(":")
    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      if isIPv6 {
        unsafe pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
          unsafe address.pointee.sin6_family = sa_family_t(AF_INET6)
          unsafe address.pointee.sin6_port = port.bigEndian
          _ = unsafe inet_pton(AF_INET6, text, &address.pointee.sin6_addr)
        }
      } else {
        unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
          unsafe address.pointee.sin_family = sa_family_t(AF_INET)
          unsafe address.pointee.sin_port = port.bigEndian
          _ = unsafe inet_pton(AF_INET, text, &address.pointee.sin_addr)
        }
      }
    }
    self.storage = storage
    length = socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
  }

  func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    unsafe withUnsafePointer(to: storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  /// The address without the port.
  var text: String {
    let isIPv6 = storage.ss_family == sa_family_t(AF_INET6)
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    return unsafe withUnsafePointer(to: storage) { pointer in
      let text =
        isIPv6
        ? unsafe pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
          unsafe withUnsafePointer(to: address.pointee.sin6_addr) {
            unsafe inet_ntop(AF_INET6, $0, &buffer, socklen_t(buffer.count))
          }
        }
        : unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
          unsafe withUnsafePointer(to: address.pointee.sin_addr) {
            unsafe inet_ntop(AF_INET, $0, &buffer, socklen_t(buffer.count))
          }
        }
      return unsafe text.map { unsafe String(cString: $0) } ?? ""
    }
  }
}
