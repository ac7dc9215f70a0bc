internal import CJSON

/// Finds where values end, without reading them.
///
/// It does not judge the content. It looks at quotation marks and brackets only, which could hide the end.
enum JSONSkimmer {
  /// So many bytes of a string are looked at one by one; the rest of a longer one many at once.
  private static let near = 24

  /// The position behind a string.
  ///
  /// - Parameter start: the position behind the quotation mark that opens it.
  /// - Returns: `nil` when the text ends inside of it.
  static func endOfString(in text: Span<UInt8>, from start: Int) -> Int? {
    var position = start
    while position < text.count, position < start + near {
      switch text[position] {
      case UInt8(ascii: "\""): return position + 1
      // The next byte does not count, whatever it is.
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    guard position < text.count else { return nil }
    let rest = text.count - position
    let length = unsafe text.withUnsafeBufferPointer { bytes in
      unsafe bytes.baseAddress.map { unsafe cjson_end_of_string($0 + position, rest) } ?? rest
    }
    return length < rest ? position + length + 1 : nil
  }

  /// The position behind a value; the position itself where there is none.
  ///
  /// - Returns: `nil` when the text ends inside of it.
  static func endOfValue(in text: Span<UInt8>, from start: Int) -> Int? {
    var position = start
    var depth = 0
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""):
        guard let end = endOfString(in: text, from: position + 1) else { return nil }
        position = end
        if depth == 0 { return position }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return position }
        depth -= 1
        position += 1
        if depth == 0 { return position }
      case UInt8(ascii: ",") where depth == 0: return position
      default: position += 1
      }
    }
    return nil
  }

  /// The position behind the members from `start` on that rules do not want and that are written as most are: strings
  /// without white space between them. `start` itself when the first is none of these.
  static func endOfUnread(_ rules: JSONNameRules, in text: Span<UInt8>, from start: Int) -> Int {
    guard start < text.count else { return start }
    return unsafe start
      + text.withUnsafeBufferPointer { text in
        unsafe rules.bytes.withUnsafeBufferPointer { rules in
          unsafe text.baseAddress.map {
            unsafe cjson_pass_over($0 + start, text.count - start, rules.baseAddress, rules.count)
          } ?? 0
        }
      }
  }
}
