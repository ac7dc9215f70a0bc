internal import CNetlink
internal import Platform

/// A netlink socket, bound to the network namespace in which it was opened.
///
/// It stays in that namespace wherever the thread goes afterwards.
public struct NetlinkSocket: ~Copyable {
  private var exchange: NetlinkExchange<KernelChannel>

  /// Opens a route socket in the thread's current network namespace.
  /// - Throws: ``NetlinkError`` when the kernel refuses it.
  public init() throws(NetlinkError) { try self.init(bus: NETLINK_ROUTE) }

  /// Opens a socket to the part of the kernel that `bus` names: a `NETLINK_` number.
  init(bus: Int32) throws(NetlinkError) {
    do throws(Errno) { exchange = NetlinkExchange(try KernelChannel(bus: bus)) } catch {
      throw NetlinkError(operation: "open a netlink socket", errno: error)
    }
  }

  /// Sends requests and collects the answer to each, in their order; see ``NetlinkExchange/run(_:)``.
  mutating func exchange(_ requests: [NetlinkRequest]) throws(NetlinkError) -> [Outcome] {
    let outcomes = try exchange.run(requests)
    NetlinkRecord.note(requests, outcomes)
    return outcomes
  }

  /// What a GET lists, whole; see ``NetlinkExchange/list(_:)``.
  mutating func list(_ request: NetlinkRequest) throws(NetlinkError) -> [ReceivedMessage] {
    let outcome = try exchange.list(request)
    NetlinkRecord.note([request], [outcome])
    if let error = outcome.error { throw error }
    return outcome.messages
  }

  /// Sends nf_tables requests as one transaction; see ``NetlinkExchange/transact(_:)``.
  mutating func transact(_ requests: [NetlinkRequest]) throws(NetlinkError) {
    NetlinkRecord.note(requests)
    try exchange.transact(requests)
  }
}

/// A netlink socket of libnl's.
///
/// Public, since the modules that hold a ``NetlinkSocket`` close this: Embedded Swift shows them the deinit of public
/// types alone.
@safe public struct KernelChannel: NetlinkChannel, ~Copyable {
  /// Large enough for any datagram that the kernel sends unasked for more: it caps dumps at 32 KiB.
  private static let bufferSize = 32768

  private let socket: OpaquePointer
  /// Uninitialised: nothing reads beyond what the kernel has written, and memory that nothing touches costs nothing.
  private var buffer = unsafe [UInt8](unsafeUninitializedCapacity: KernelChannel.bufferSize) { _, count in
    count = KernelChannel.bufferSize
  }

  init(bus: Int32) throws(Errno) {
    guard let socket = unsafe nl_socket_alloc() else { throw .noMemory }
    guard unsafe nl_connect(socket, bus) == 0 else {
      let error = Errno.lastCall
      unsafe nl_socket_free(socket)
      throw error
    }
    unsafe cnetlink_set_options(nl_socket_get_fd(socket))
    unsafe self.socket = socket
  }

  deinit { unsafe nl_socket_free(socket) }

  mutating func send(_ datagram: inout [UInt8]) throws(Errno) {
    unsafe cnetlink_make_room(nl_socket_get_fd(socket), UInt(datagram.count))
    let sent = unsafe datagram.withUnsafeMutableBytes { bytes in
      unsafe nl_sendto(socket, bytes.baseAddress, bytes.count)
    }
    guard sent >= 0 else { throw .lastCall }
  }

  mutating func receive(isWaiting: Bool) throws(Errno) -> [UInt8] {
    let length = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe cnetlink_receive(socket, bytes.baseAddress, UInt(bytes.count), isWaiting)
    }
    guard length >= 0 else { throw Errno(rawValue: CInt(-length)) }
    return Array(buffer[..<length])
  }
}
