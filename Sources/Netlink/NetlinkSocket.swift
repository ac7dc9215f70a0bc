internal import CNetlink
internal import SystemPackage

/// A netlink socket, bound to the network namespace in which it was opened.
///
/// It stays in that namespace wherever the thread goes afterwards.
@safe public struct NetlinkSocket: ~Copyable {
  /// Large enough for any datagram that the kernel sends unasked for more: it caps dumps at 32 KiB.
  private static let bufferSize = 32768

  private let socket: OpaquePointer
  private var sequence: UInt32 = 0
  /// What the kernel has not written yet is not read either: memory that is never touched costs nothing.
  private var buffer = unsafe [UInt8](unsafeUninitializedCapacity: NetlinkSocket.bufferSize) { _, count in
    count = NetlinkSocket.bufferSize
  }

  /// Opens a route socket in the thread's current network namespace.
  /// - Throws: ``NetlinkError`` when the kernel refuses it.
  public init() throws(NetlinkError) { try self.init(bus: NETLINK_ROUTE) }

  /// Opens a socket to the part of the kernel that `bus` names: a `NETLINK_` number.
  init(bus: Int32) throws(NetlinkError) {
    guard let socket = unsafe nl_socket_alloc() else {
      throw NetlinkError(operation: "open a netlink socket", errno: .noMemory)
    }
    guard unsafe nl_connect(socket, bus) == 0 else {
      unsafe nl_socket_free(socket)
      throw NetlinkError(operation: "open a netlink socket", errno: .lastCall)
    }
    unsafe cnetlink_set_options(nl_socket_get_fd(socket))
    unsafe self.socket = socket
  }

  deinit { unsafe nl_socket_free(socket) }

  /// Sends requests in one system call and collects the answer to each.
  ///
  /// The kernel works through all of them in order; one that fails does not stop the rest.
  /// - Returns: an outcome for each request, in their order.
  /// - Throws: ``NetlinkError`` when the socket itself fails, so that outcomes are unknown.
  mutating func exchange(_ requests: [Request]) throws(NetlinkError) -> [Outcome] {
    try exchange(requests) { outcomes in outcomes.allSatisfy(\.isComplete) }
  }

  /// Sends nf_tables requests as one transaction: all of them take effect, or none does.
  /// - Throws: ``NetlinkError`` of the first that the kernel refused.
  mutating func transact(_ requests: [Request]) throws(NetlinkError) {
    guard let first = requests.first else { return }
    let outcomes = try exchange([.beginBatch()] + requests + [.endBatch()]) { outcomes in
      // The start is answered only when the transaction as a whole is refused.
      outcomes[0].isComplete || outcomes.dropFirst().dropLast().allSatisfy(\.isComplete)
    }
    if let refusal = outcomes[0].error {
      throw NetlinkError(
        operation: first.operation, errno: refusal.errno, kernelText: refusal.kernelText)
    }
    for outcome in outcomes {
      if let error = outcome.error { throw error }
    }
  }

  private mutating func exchange(
    _ requests: [Request], until isComplete: ([Outcome]) -> Bool
  ) throws(NetlinkError) -> [Outcome] {
    guard let first = requests.first else { return [] }
    if let cut = requests.first(where: \.bytes.isEmpty) {
      throw NetlinkError(operation: cut.operation, errno: .messageTooLong)
    }
    let base = sequence &+ 1
    sequence &+= UInt32(requests.count)
    try send(requests, firstSequence: base, operation: first.operation)

    var outcomes = [Outcome](repeating: Outcome(), count: requests.count)
    while !isComplete(outcomes) {
      for message in try receive(operation: first.operation) {
        let index = Int(message.sequence &- base)
        guard outcomes.indices.contains(index), !outcomes[index].isComplete else { continue }
        outcomes[index].take(message, of: requests[index])
      }
    }
    return outcomes
  }

  private func send(
    _ requests: [Request], firstSequence: UInt32, operation: String
  ) throws(NetlinkError) {
    var datagram: [UInt8] = []
    for (index, request) in requests.enumerated() {
      let start = datagram.count
      datagram += request.bytes
      let number = firstSequence &+ UInt32(index)
      // nlmsg_seq, the third word of the header.
      for byte in 0..<4 { datagram[start + 8 + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
      datagram += repeatElement(0, count: -datagram.count & 3)
    }
    let sent = unsafe datagram.withUnsafeMutableBytes { bytes in
      unsafe nl_sendto(socket, bytes.baseAddress, bytes.count)
    }
    guard sent >= 0 else { throw NetlinkError(operation: operation, errno: .lastCall) }
  }

  private mutating func receive(operation: String) throws(NetlinkError) -> [ReceivedMessage] {
    let length = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe cnetlink_receive(socket, bytes.baseAddress, UInt(bytes.count))
    }
    guard length >= 0 else { throw NetlinkError(operation: operation, errno: Errno(rawValue: CInt(-length))) }
    return ReceivedMessage.all(in: Array(buffer[..<length]))
  }
}
