internal import Addressing
internal import CNetlink

/// One received message: its header's fields and its payload, still packed.
struct ReceivedMessage: Hashable {
  /// What it is: an `RTM_` number, or NLMSG_ERROR, NLMSG_DONE.
  let type: UInt16
  /// `NLM_F_` bits.
  let flags: UInt16
  /// The number of the request that it answers.
  let sequence: UInt32
  /// What follows `struct nlmsghdr`.
  let payload: ArraySlice<UInt8>

  /// Cuts a datagram into messages; what is truncated or overlong ends the list.
  static func all(in datagram: [UInt8]) -> [ReceivedMessage] {
    var messages: [ReceivedMessage] = []
    var rest = datagram[...]
    while let length = rest.number(at: 0, as: UInt32.self).map(Int.init), length >= 16, length <= rest.count,
      let type = rest.number(at: 4, as: UInt16.self), let flags = rest.number(at: 6, as: UInt16.self),
      let sequence = rest.number(at: 8, as: UInt32.self)
    {
      messages.append(
        ReceivedMessage(
          type: type, flags: flags, sequence: sequence, payload: rest.dropFirst(16).prefix(length - 16)))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return messages
  }

  /// The attributes behind a family header of `headerSize` bytes.
  func attributes(after headerSize: Int) -> Attributes {
    Attributes(payload.dropFirst((headerSize + 3) & ~3))
  }
}

/// The attributes of a message or of a nest, looked up by type.
struct Attributes {
  private var entries: [(type: UInt16, payload: ArraySlice<UInt8>)] = []

  /// Cuts `bytes` into attributes; one whose length does not fit ends the list.
  init(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    // A length below the header's own 4 bytes would never advance.
    while let length = rest.number(at: 0, as: UInt16.self).map(Int.init), length >= 4, length <= rest.count,
      let type = rest.number(at: 2, as: UInt16.self)
    {
      // The two top bits are flags: nested, network byte order.
      entries.append((type & 0x3FFF, rest.dropFirst(4).prefix(length - 4)))
      rest = rest.dropFirst((length + 3) & ~3)
    }
  }

  /// The payload of the last attribute of that type, as the kernel reads duplicates.
  subscript(type: Int) -> ArraySlice<UInt8>? { entries.last { $0.type == type }?.payload }

  /// Each attribute's payload, in order.
  var payloads: [(type: UInt16, payload: ArraySlice<UInt8>)] { entries }

  /// A number in the machine's byte order.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Int, as _: Number.Type) -> Number? {
    self[type]?.number(at: 0, as: Number.self)
  }

  /// A string, without its terminating zero.
  func string(_ type: Int) -> String? {
    self[type].map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// An address of 4 or 16 bytes.
  func address(_ type: Int) -> IPAddress? { self[type].flatMap { IPAddress(bytes: $0) } }

  /// The attributes inside of a nested one; none when it is absent.
  func nest(_ type: Int) -> Attributes { Attributes(self[type] ?? []) }
}

extension ArraySlice<UInt8> {
  /// A number at `offset` from the start of the slice, in the machine's byte order; `nil` beyond the end.
  func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as _: Number.Type) -> Number? {
    let size = MemoryLayout<Number>.size
    guard count >= offset + size else { return nil }
    var value: Number = 0
    // Every machine that Linux and Swift share is little-endian.
    for index in (0..<size).reversed() {
      value = value << 8 | Number(truncatingIfNeeded: self[startIndex + offset + index])
    }
    return value
  }
}
