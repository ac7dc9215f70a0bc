/// A part of a text that holds one document.
struct TextPart {
  /// Its first line, counted from 1.
  var line: Int
  var bytes: [UInt8] = []
  /// It has a value, or has begun one with `---`: until then lines are directives and comments.
  private var isOpen = false
  private var hasContent = false

  init(line: Int) { self.line = line }

  /// Takes a text apart at the lines that start with `---` or `...`: those end a document even in the middle of a
  /// quoted text (YAML 1.2.2, section 9.1.2).
  ///
  /// Directives belong to the document behind them. A byte order mark that begins a document is left out: files
  /// that were put together have them in the middle (section 5.2).
  static func all(in text: [UInt8]) -> [TextPart] {
    var parts: [TextPart] = []
    var part = TextPart(line: 1)
    var (line, position) = (1, 0)
    while position < text.count {
      let end = endOfLine(text, from: position)
      var bare = text[position..<end]
      while bare.starts(with: byteOrderMark) { bare = bare.dropFirst(byteOrderMark.count) }
      if isMarker(".", bare) {
        if part.isOpen {
          part.bytes += bare
          parts.append(part)
        }
        part = TextPart(line: line + 1)
      } else if isMarker("-", bare) {
        if part.isOpen {
          parts.append(part)
          part = TextPart(line: line)
        }
        part.bytes += bare
        part.isOpen = true
        part.hasContent = bare.dropFirst(3).contains { !isBlank($0) }
      } else {
        part.bytes += part.hasContent ? text[position..<end] : bare
        if !part.isPreamble(bare) { (part.isOpen, part.hasContent) = (true, true) }
      }
      line += 1
      position = end
    }
    return parts + [part]
  }

  /// The JSON objects of a part that is a stream of them, as jq and kubectl write several; empty for any other.
  var objects: [TextPart] {
    var objects: [TextPart] = []
    var (depth, isQuoted, isEscaped) = (0, false, false)
    var current = TextPart(line: line)
    var line = line
    for byte in bytes {
      if byte == UInt8(ascii: "\n") { line += 1 }
      if depth == 0 {
        if Self.isBlank(byte) { continue }
        guard byte == UInt8(ascii: "{") else { return [] }
        current = TextPart(line: line)
      }
      current.bytes.append(byte)
      if isEscaped {
        isEscaped = false
      } else if isQuoted {
        isEscaped = byte == UInt8(ascii: "\\")
        isQuoted = byte != UInt8(ascii: "\"")
      } else {
        switch byte {
        case UInt8(ascii: "\""): isQuoted = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
      }
      if depth == 0 { objects.append(current) }
    }
    // An object that is cut short is one of them too.
    return depth == 0 ? objects : objects + [current]
  }

  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Nothing, a comment, or a directive in front of the document.
  private func isPreamble(_ line: ArraySlice<UInt8>) -> Bool {
    if !isOpen, line.first == UInt8(ascii: "%") { return true }
    let first = line.first { !Self.isBlank($0) }
    return first == nil || first == UInt8(ascii: "#")
  }

  /// The position behind a line feed, or behind a carriage return by itself.
  private static func endOfLine(_ text: [UInt8], from start: Int) -> Int {
    var position = start
    while position < text.count {
      let byte = text[position]
      position += 1
      if byte == 0x0A { return position }
      if byte == 0x0D, position == text.count || text[position] != 0x0A { return position }
    }
    return position
  }

  private static func isMarker(_ character: Unicode.Scalar, _ line: ArraySlice<UInt8>) -> Bool {
    line.prefix(3).count { $0 == UInt8(ascii: character) } == 3
      && (line.count == 3 || isBlank(line[line.startIndex + 3]))
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
