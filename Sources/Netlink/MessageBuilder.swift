internal import Addressing
internal import CNetlink

/// One netlink message under construction; owns libnl's `struct nl_msg`.
///
/// The kernel's headers fix the layout: `struct nlmsghdr`, a family header, attributes, padded to 4 bytes.
@safe struct MessageBuilder: ~Copyable {
  /// More than any message of ours needs; libnl refuses attributes beyond it.
  private static let capacity = 4096

  private let message: OpaquePointer
  /// Set when an attribute did not fit, so that a cut message is never sent.
  private var overflowed = false

  /// Starts a message with its family header, such as `struct ifinfomsg`.
  ///
  /// `nil` when memory is exhausted.
  init?<Header: BitwiseCopyable>(type: Int32, flags: Int32, header: Header) {
    guard let message = unsafe nlmsg_alloc_size(Self.capacity) else { return nil }
    unsafe self.message = message
    // libnl fills port and sequence number in only when it sends; here they are set by the socket.
    unsafe nlmsg_put(message, 0, 0, type, 0, flags)
    var header = header
    unsafe withUnsafeMutableBytes(of: &header) { bytes in
      overflowed = unsafe nlmsg_append(message, bytes.baseAddress, bytes.count, Int32(NLMSG_ALIGNTO)) != 0
    }
  }

  deinit { unsafe nlmsg_free(message) }

  /// Appends an attribute with a payload of raw bytes.
  mutating func put(_ type: Int, _ payload: [UInt8]) {
    unsafe payload.withUnsafeBytes { bytes in
      if unsafe nla_put(message, Int32(type), Int32(bytes.count), bytes.baseAddress) != 0 {
        overflowed = true
      }
    }
  }

  /// Appends a number in the machine's byte order.
  mutating func put<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Int, _ number: Number) {
    unsafe withUnsafeBytes(of: number) { bytes in
      if unsafe nla_put(message, Int32(type), Int32(bytes.count), bytes.baseAddress) != 0 {
        overflowed = true
      }
    }
  }

  /// Appends a structure as it lies in memory.
  mutating func put<Structure: BitwiseCopyable>(_ type: Int, structure: Structure) {
    unsafe withUnsafeBytes(of: structure) { bytes in
      if unsafe nla_put(message, Int32(type), Int32(bytes.count), bytes.baseAddress) != 0 {
        overflowed = true
      }
    }
  }

  /// Appends a string with the terminating zero that the kernel expects.
  mutating func put(_ type: Int, _ text: String) { put(type, Array(text.utf8) + [0]) }

  /// Appends an address: 4 or 16 bytes.
  mutating func put(_ type: Int, _ address: IPAddress) { put(type, address.bytes) }

  /// Appends an attribute that holds the attributes that `body` appends.
  mutating func nest(_ type: Int, _ body: (inout MessageBuilder) -> Void) {
    guard let start = unsafe nla_nest_start(message, Int32(type)) else {
      overflowed = true
      return
    }
    body(&self)
    unsafe _ = nla_nest_end(message, start)
  }

  /// The finished message, or `nil` when something did not fit.
  consuming func finish() -> [UInt8]? {
    guard !overflowed, let header = unsafe nlmsg_hdr(message) else { return nil }
    let bytes = unsafe UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len))
    return unsafe Array(bytes)
  }
}
