/// A text of YAML documents (YAML 1.2; JSON is a part of it), each read by itself: a broken document does not
/// hide the others.
public enum YAMLText {
  /// The documents in their order; those that are empty or comments only are left out.
  public static func documents(in text: [UInt8]) -> [Result<YAMLDocument, YAMLError>] {
    var documents: [Result<YAMLDocument, YAMLError>] = []
    for part in parts(of: text) {
      do throws(YAMLError) {
        var reader = YAMLReader(firstLine: part.line)
        if let document = try reader.document(in: Array(part.bytes)) { documents.append(.success(document)) }
      } catch {
        documents.append(.failure(error))
      }
    }
    return documents
  }

  /// The text between lines that start with `---` or `...`: those end a document even in the middle of a
  /// quoted text (YAML 1.2.2, section 9.1.2).
  private static func parts(of text: [UInt8]) -> [(line: Int, bytes: ArraySlice<UInt8>)] {
    var parts: [(line: Int, bytes: ArraySlice<UInt8>)] = []
    var (start, startLine, line, position) = (0, 1, 1, 0)
    while position < text.count {
      let end = text[position...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? text.count
      if isMarker("...", text[position..<end]) {
        if position > start { parts.append((startLine, text[start..<end])) }
        (start, startLine) = (end, line + 1)
      } else if position > start, isMarker("---", text[position..<end]) {
        parts.append((startLine, text[start..<position]))
        (start, startLine) = (position, line)
      }
      line += 1
      position = end
    }
    if start < text.count { parts.append((startLine, text[start...])) }
    return parts
  }

  private static func isMarker(_ marker: String, _ line: ArraySlice<UInt8>) -> Bool {
    guard line.starts(with: marker.utf8) else { return false }
    return line.dropFirst(3).first.map { [0x20, 0x09, 0x0A, 0x0D].contains($0) } ?? true
  }
}
