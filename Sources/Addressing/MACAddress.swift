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
  /// Reads `02:42:ac:11:00:02`, in either case, two digits a byte.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let bytes = parts.compactMap { part in
      part.utf8.count == 2 && part.allSatisfy(\.isHexDigit) ? UInt8(part, radix: 16) : nil
    }
    guard parts.count == 6, bytes.count == 6 else { return nil }
    self.bytes = bytes
  }

  /// Lower case, two digits a byte, separated by colons.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.separated(by: ":")
  }
}
