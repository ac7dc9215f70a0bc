internal import JSON

/// Something wrong in a file, and where.
package struct LintFinding: Sendable, Hashable, CustomStringConvertible {
  /// The path of the file.
  package let file: String
  /// The line, counted from 1; `nil` when the file as a whole is meant.
  package let line: Int?
  /// What is wrong, with key and value.
  package let problem: String

  /// As compilers write it, so that editors jump there.
  package var description: String { "\(file):\(line.map { "\($0): " } ?? " ")\(problem)" }

  var json: JSONValue {
    var object: JSONObject = ["file": .string(file)]
    object["line"] = line.map(JSONValue.int)
    object["problem"] = .string(problem)
    return .object(object)
  }
}
