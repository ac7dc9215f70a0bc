package import JSON

/// What a verb has found, for people and for programs.
package protocol Report {
  /// For people.
  func text(for screen: Screen) -> ScreenText
  /// For programs; keys are lowerCamelCase and stay.
  var json: JSONValue { get }
  /// Remarks that go to stderr: what could not be shown, and why.
  var remarks: [String] { get }
}

extension JSONValue {
  /// Texts as a list.
  static func list(_ elements: [some CustomStringConvertible]) -> JSONValue {
    .array(elements.map { .string($0.description) })
  }
}
