internal import CNetlink
public import Platform

/// A change of a link, an address or a route, as the kernel tells everybody who listens.
public enum NetworkEvent: Sendable, Hashable {
  /// A link that was made or changed.
  case link(Link)
  /// A link that is gone.
  case linkRemoved(Link)
  /// An address that was added or changed.
  case address(InterfaceAddress)
  /// An address that is gone.
  case addressRemoved(InterfaceAddress)
  /// A route that was added or changed.
  case route(Route)
  /// A route that is gone.
  case routeRemoved(Route)

  /// Reads a message; `nil` for one of another kind.
  init?(_ message: ReceivedMessage) {
    // The number of each RTM_DEL follows that of its RTM_NEW.
    let isRemoval = message.type & 1 == 1
    let described = ReceivedMessage(
      type: message.type & ~1, flags: message.flags, sequence: message.sequence, payload: message.payload)
    if let link = Link(described) {
      self = isRemoval ? .linkRemoved(link) : .link(link)
    } else if let address = InterfaceAddress(described) {
      self = isRemoval ? .addressRemoved(address) : .address(address)
    } else if let route = Route(described) {
      self = isRemoval ? .routeRemoved(route) : .route(route)
    } else {
      return nil
    }
  }
}

/// A socket that hears of every change of the namespace in which it was opened.
///
/// It keeps that namespace alive: whoever holds one must let go when the namespace loses its name.
@safe public struct EventSocket: ~Copyable {
  /// Room for some thousand events while the reader does something else, in bytes.
  private static let queueSize: Int32 = 4 << 20

  private let socket: OpaquePointer
  private var buffer = [UInt8](repeating: 0, count: 65536)

  /// Opens a socket in the thread's current network namespace.
  /// - Throws: ``NetlinkError`` when the kernel refuses it.
  public init() throws(NetlinkError) {
    guard let socket = unsafe nl_socket_alloc() else {
      throw NetlinkError(operation: "open a netlink socket", errno: .noMemory)
    }
    let groups = [
      RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
    ]
    var isListening = unsafe nl_connect(socket, NETLINK_ROUTE) == 0
    for group in groups where isListening {
      isListening = unsafe nl_socket_add_membership(socket, Int32(group.rawValue)) == 0
    }
    guard isListening else {
      let error = NetlinkError(operation: "listen for changes of the network", errno: .lastCall)
      unsafe nl_socket_free(socket)
      throw error
    }
    unsafe nl_socket_set_buffer_size(socket, Self.queueSize, 0)
    unsafe self.socket = socket
  }

  deinit { unsafe nl_socket_free(socket) }

  /// For poll(2).
  public var descriptor: FileDescriptor { FileDescriptor(rawValue: unsafe nl_socket_get_fd(socket)) }

  /// Takes what has happened; empty when nothing has.
  /// - Throws: ``NetlinkError`` with ENOBUFS when events were lost, since there were too many at once.
  public mutating func receive() throws(NetlinkError) -> [NetworkEvent] {
    let length = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe cnetlink_receive(socket, bytes.baseAddress, UInt(bytes.count), false)
    }
    if length == -CLong(Errno.wouldBlock.rawValue) { return [] }
    guard length >= 0 else {
      throw NetlinkError(
        operation: "listen for changes of the network", errno: Errno(rawValue: CInt(-length)))
    }
    return ReceivedMessage.all(in: Array(buffer[..<length])).compactMap(NetworkEvent.init)
  }
}

extension NetworkNamespace {
  /// Opens an event socket in this namespace; the thread is back in `host` afterwards.
  /// - Throws: ``NetlinkError`` when the namespace cannot be entered or the socket not be opened.
  public func openEventSocket(
    returningTo host: borrowing NetworkNamespace
  ) throws(NetlinkError) -> EventSocket {
    try run(returningTo: host) { () throws(NetlinkError) in try EventSocket() }
  }
}
