internal import Platform

/// Text for people, in which no inserted value can act upon the terminal, whatever it holds.
///
/// Names come from pods, which may put escape sequences into them. The words of a literal are the tool's own;
/// values are shown, not obeyed. Styled text is inserted unchanged.
package struct ScreenText: Sendable, Hashable, ExpressibleByStringInterpolation {
  /// The text as it goes to the terminal, colours included.
  package private(set) var rendered: String

  package init(stringLiteral text: String) { rendered = text }

  package init(stringInterpolation parts: StringInterpolation) { rendered = parts.text }

  /// A value.
  package init(_ value: some CustomStringConvertible) { rendered = ControlText.escaped(value.description) }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    package init(literalCapacity: Int, interpolationCount _: Int) { text.reserveCapacity(literalCapacity) }

    package mutating func appendLiteral(_ literal: String) { text += literal }

    package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      text += ControlText.escaped(value.description)
    }

    package mutating func appendInterpolation(_ part: ScreenText) { text += part.rendered }
  }

  package static func += (left: inout ScreenText, right: ScreenText) { left.rendered += right.rendered }

  package static func + (left: ScreenText, right: ScreenText) -> ScreenText {
    var text = left
    text += right
    return text
  }

  /// Several values, each a line with a first word before it.
  package static func lines(_ values: [String], prefix: ScreenText = "") -> ScreenText {
    values.map { "\(prefix)\($0)\n" as ScreenText }.joined()
  }

  /// A text of several lines, such as a help text, of which only the ends of lines act.
  package static func paragraphs(_ text: String) -> ScreenText {
    ScreenText(
      stringLiteral: text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { ControlText.escaped(String($0)) }.joined(separator: "\n"))
  }

  /// The text without blanks at its end, which nobody sees and diff(1) shows.
  var withoutBlanksAtTheEnd: ScreenText {
    var text = rendered
    while text.last == " " { text.removeLast() }
    return ScreenText(stringLiteral: text)
  }

  /// Puts an attribute of ECMA-48 around the text.
  func attributed(_ code: Int) -> ScreenText {
    ScreenText(stringLiteral: "\u{1B}[\(code)m\(rendered)\u{1B}[0m")
  }
}

extension Sequence<ScreenText> {
  /// One behind the other.
  package func joined(separator: ScreenText = "") -> ScreenText {
    var text: ScreenText = ""
    for (position, part) in enumerated() {
      if position > 0 { text += separator }
      text += part
    }
    return text
  }
}
