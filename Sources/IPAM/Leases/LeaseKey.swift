internal import Addressing

/// The keys of ``LeaseTable``: a tag, and what it is about in bytes that sort as it does.
enum LeaseKey {
  static let leaseTag = UInt8(ascii: "A")
  static let holderTag = UInt8(ascii: "H")
  static let poolTag = UInt8(ascii: "P")
  static let runTag = UInt8(ascii: "R")
  static let restTag = UInt8(ascii: "C")

  /// The lease of an address.
  static func lease(_ address: IPAddress) -> [UInt8] { [leaseTag] + bytes([address]) }

  /// The run of taken addresses that ends with an address.
  static func run(_ upper: IPAddress) -> [UInt8] { [runTag] + bytes([upper]) }

  /// The last address of a pool; a pool's name has at most 253 bytes.
  static func pool(_ name: String) -> [UInt8] { [poolTag] + Array(name.utf8) }

  /// What an attachment holds. LMDB's keys have at most 511 bytes: beyond that a digest stands for the rest.
  static func holder(_ attachment: AttachmentID) -> [UInt8] {
    let key = [holderTag] + Array(attachment.description.utf8)
    guard key.count > 500 else { return key }
    return key.prefix(480) + Array(String(LeaseChecksum.digest(key), radix: 16).utf8)
  }

  /// An address in cooldown until `end`, in milliseconds since the machine was started.
  static func cooldown(_ address: IPAddress, end: Int) -> [UInt8] {
    let number = UInt64(clamping: end)
    let ordered = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
    return [restTag] + ordered + bytes([address])
  }

  /// The address of a key of `lease` or `run`; `nil` for any other.
  static func address(_ key: [UInt8], _ tag: UInt8) -> IPAddress? {
    key.first == tag ? addresses(Array(key.dropFirst())).first : nil
  }

  /// Address and end of a key of `cooldown`; `nil` for any other.
  static func cooldown(_ key: [UInt8]) -> (address: IPAddress, end: Int)? {
    guard key.first == restTag, key.count > 9, let address = addresses(Array(key.dropFirst(9))).first else {
      return nil
    }
    let end = key[1..<9].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return (address, Int(clamping: end))
  }

  /// Addresses one behind the other, each behind its family.
  static func bytes(_ addresses: [IPAddress]) -> [UInt8] {
    addresses.flatMap { [$0.family.rawValue] + $0.bytes }
  }

  /// Reads what `bytes` writes.
  static func addresses(_ bytes: [UInt8]) -> [IPAddress] {
    var addresses: [IPAddress] = []
    var rest = bytes[...]
    while let family = rest.popFirst().flatMap(IPFamily.init(rawValue:)),
      let address = IPAddress(bytes: rest.prefix(family.bitWidth / 8))
    {
      addresses.append(address)
      rest = rest.dropFirst(family.bitWidth / 8)
    }
    return addresses
  }

  /// A key for people to read.
  static func text(_ key: [UInt8]) -> String {
    String(decoding: key.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
  }
}
