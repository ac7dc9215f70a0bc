package import JSON

/// One document of a YAML text, as the value that JSON would have written.
package struct YAMLDocument: Sendable, Hashable {
  /// The value.
  package let value: JSONValue
  /// The line of the text on which the document starts, counted from 1.
  package let line: Int
  /// The lines on which members and elements start, by their path: `spec.ips[0]`.
  package let lines: [String: Int]

  /// A document that came as a value, and has no lines.
  package init(_ value: JSONValue) { (self.value, line, lines) = (value, 1, [:]) }

  init(value: JSONValue, line: Int, lines: [String: Int]) {
    (self.value, self.line, self.lines) = (value, line, lines)
  }

  /// The line of a member; of its nearest parent when it is absent.
  package func line(of path: String) -> Int {
    var path = path[...]
    while !path.isEmpty {
      if let line = lines[String(path)] { return line }
      path = path[..<(path.lastIndex { $0 == "." || $0 == "[" } ?? path.startIndex)]
    }
    return line
  }
}

/// What is wrong with one document, and where.
package struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was found or expected.
  package let problem: String
  /// The line of the text, counted from 1.
  package let line: Int

  /// Describes a fault.
  package init(problem: String, line: Int) {
    self.problem = problem
    self.line = line
  }

  /// The problem with its place.
  package var description: String { "\(problem) at line \(line)" }
}
