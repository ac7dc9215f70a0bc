/// The encodings in which a YAML text may be written (YAML 1.2.2, section 5.2): PowerShell's `>` writes UTF-16.
enum TextEncoding {
  /// The text in UTF-8; what is in UTF-8 already is handed back as it is.
  /// - Throws: ``YAMLError`` for a text that is not what its first bytes say.
  static func utf8(_ text: [UInt8]) throws(YAMLError) -> [UInt8] {
    guard let wide = Wide(text.prefix(4)) else { return text }
    let name = "UTF-\(wide.size * 8)"
    guard text.count.isMultiple(of: wide.size) else {
      throw YAMLError(problem: "the text looks like \(name), and ends inside of a character", line: 1)
    }
    let units = stride(from: 0, to: text.count, by: wide.size).map { start in
      let unit = text[start..<(start + wide.size)]
      return (wide.isBigEndian ? Array(unit) : unit.reversed()).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    let string =
      wide.size == 2
      ? String(validating: units.map(UInt16.init), as: UTF16.self) : String(validating: units, as: UTF32.self)
    guard let string else {
      throw YAMLError(problem: "the text looks like \(name), and is not valid", line: 1)
    }
    return Array(string.utf8)
  }

  /// An encoding whose units have several bytes.
  private struct Wide {
    let size: Int
    let isBigEndian: Bool

    /// Tells by a byte order mark, else by the zeros of the first character, which is one of ASCII; `nil` for UTF-8.
    init?(_ bytes: ArraySlice<UInt8>) {
      let first = Array(bytes)
      if first.starts(with: [0, 0, 0xFE, 0xFF]) || first.starts(with: [0, 0, 0]) {
        (size, isBigEndian) = (4, true)
      } else if first.count == 4, first == [0xFF, 0xFE, 0, 0] || first[1...] == [0, 0, 0] {
        (size, isBigEndian) = (4, false)
      } else if first.starts(with: [0xFE, 0xFF]) || (first.count >= 2 && first[0] == 0) {
        (size, isBigEndian) = (2, true)
      } else if first.starts(with: [0xFF, 0xFE]) || (first.count >= 2 && first[1] == 0) {
        (size, isBigEndian) = (2, false)
      } else {
        return nil
      }
    }
  }
}
