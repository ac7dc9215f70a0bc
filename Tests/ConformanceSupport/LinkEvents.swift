internal import CConformanceSupport
internal import Glibc

/// The changes of links that a namespace has seen since the value was made.
public struct LinkEvents: ~Copyable {
  private let socket: Int32

  /// Starts to listen. The kernel queues an event before the request that caused it returns, so that none is
  /// missed and no waiting is needed.
  public init(in namespace: Namespace) throws {
    socket = try namespace.run { try check("link events", conformance_open_link_events()) }
  }

  deinit { close(socket) }

  /// The names of the links that appeared, changed or went since the last call.
  public borrowing func names() throws -> Set<String> {
    var names: Set<String> = []
    while true {
      var buffer = [UInt8](repeating: 0, count: 64 << 10)
      let count = unsafe recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      guard count > 0 else { return names }
      for object in KernelObject.objects(.link, in: Array(buffer.prefix(count))) {
        if let name = object.attribute(named: "name") { names.insert(name) }
      }
    }
  }
}
