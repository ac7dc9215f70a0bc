/// A 48-bit Ethernet address.
public struct MACAddress: Sendable, Hashable {
  /// The six bytes, as they go over the wire.
  public let bytes: [UInt8]

  /// Makes an address from six bytes, else `nil`.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 6 else { return nil }
    self.bytes = bytes
  }
}

extension MACAddress: CustomStringConvertible, LosslessStringConvertible {
  /// Reads `02:42:ac:11:00:02`, `02-42-ac-11-00-02` or `0242.ac11.0002`, in either case, all digits written.
  public init?(_ text: String) {
    let text = Array(text.utf8)
    let (separator, width): (UInt8, Int) =
      switch text.count {
      case 17 where text[2] == UInt8(ascii: "-"): (UInt8(ascii: "-"), 2)
      case 17: (UInt8(ascii: ":"), 2)
      case 14: (UInt8(ascii: "."), 4)
      default: (0, 0)
      }
    var bytes: [UInt8] = []
    for part in text.split(separator: separator, omittingEmptySubsequences: false) {
      guard part.count == width, let number = HexadecimalDigits.value(part) else { return nil }
      if width == 4 { bytes.append(UInt8(number >> 8)) }
      bytes.append(UInt8(truncatingIfNeeded: number))
    }
    self.init(bytes: bytes)
  }

  /// Lower case, two digits a byte, separated by colons.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.separated(by: ":")
  }
}
