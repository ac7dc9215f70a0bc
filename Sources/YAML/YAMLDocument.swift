public import JSON

/// One document of a YAML text, as the value that JSON would have written.
public struct YAMLDocument: Sendable, Hashable {
  /// The value.
  public let value: JSONValue
  /// The line of the text on which the document starts, counted from 1.
  public let line: Int
  /// The lines on which members and elements start, by their path: `spec.ips[0]`.
  public let lines: [String: Int]

  /// A document that came as a value, and has no lines.
  public init(_ value: JSONValue) { (self.value, line, lines) = (value, 1, [:]) }

  init(value: JSONValue, line: Int, lines: [String: Int]) {
    (self.value, self.line, self.lines) = (value, line, lines)
  }

  /// The line of a member; of its nearest parent when it is absent.
  public func line(of path: String) -> Int {
    var path = path[...]
    while !path.isEmpty {
      if let line = lines[String(path)] { return line }
      path = path[..<(path.lastIndex { $0 == "." || $0 == "[" } ?? path.startIndex)]
    }
    return line
  }
}

/// What is wrong with one document, and where.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was found or expected.
  public let problem: String
  /// The line of the text, counted from 1.
  public let line: Int

  /// Describes a fault.
  public init(problem: String, line: Int) {
    self.problem = problem
    self.line = line
  }

  /// The problem with its place.
  public var description: String { "\(problem) at line \(line)" }
}
