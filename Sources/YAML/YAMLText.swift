internal import JSON

/// A text of YAML documents (YAML 1.2; JSON is a part of it), each read by itself: a broken document does not
/// hide the others.
package enum YAMLText {
  /// The documents in their order; those that are empty or comments only are left out.
  package static func documents(in text: [UInt8]) -> [Result<YAMLDocument, YAMLError>] {
    do throws(YAMLError) {
      return TextPart.all(in: try TextEncoding.utf8(text)).flatMap(documents)
    } catch {
      return [.failure(error)]
    }
  }

  private static func documents(in part: TextPart) -> [Result<YAMLDocument, YAMLError>] {
    do throws(YAMLError) {
      var reader = YAMLReader(firstLine: part.line)
      return try reader.document(in: part.bytes).map { [.success($0)] } ?? []
    } catch {
      let objects = part.objects
      guard !objects.isEmpty else { return [.failure(error)] }
      return objects.map { object in
        guard objects.count > 1 else { return json(object).map { .success($0) } ?? .failure(error) }
        var reader = YAMLReader(firstLine: object.line)
        do throws(YAMLError) {
          guard let document = try reader.document(in: object.bytes) else { return .failure(error) }
          return .success(document)
        } catch {
          return json(object).map { .success($0) } ?? .failure(error)
        }
      }
    }
  }

  /// What JSON has and libyaml lacks: escapes of characters beyond U+FFFF.
  private static func json(_ object: TextPart) -> YAMLDocument? {
    (try? JSONValue(parsing: object.bytes)).map { YAMLDocument(value: $0, line: object.line, lines: [:]) }
  }
}
