/// Hexadecimal numbers as bytes of ASCII.
enum HexadecimalDigits {
  /// The number that digits of either case write; `nil` where a byte is no digit. Of more than eight the last count.
  static func value(_ digits: some Sequence<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for byte in digits {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
