package import Platform

/// Where text is shown: how wide it may be, and whether colours are understood.
package struct Screen: Sendable {
  /// In columns.
  package let width: Int
  /// Colours go to terminals only, and not to those whose owner does not want them (no-color.org).
  package let hasColors: Bool

  package init(width: Int, hasColors: Bool) {
    self.width = width
    self.hasColors = hasColors
  }

  /// A file, a pipe, a test.
  package static let plain = Screen(width: 100, hasColors: false)

  /// The process's standard output.
  package static func standardOutput(_ environment: Environment = .current()) -> Screen {
    guard let columns = Terminal.outputColumns() else { return .plain }
    return Screen(width: max(100, columns), hasColors: environment["NO_COLOR"]?.isEmpty ?? true)
  }

  /// Text with the colour of a style.
  package func styled(_ text: ScreenText, _ style: Style) -> ScreenText {
    guard hasColors, let code = style.code else { return text }
    return text.attributed(code)
  }
}

/// What a text means, which its colour shows.
package enum Style: Sendable {
  case plain
  case heading
  case good
  case warning
  case bad
  case faint

  /// The number of ECMA-48, Select Graphic Rendition.
  var code: Int? {
    switch self {
    case .plain: nil
    case .heading: 1
    case .good: 32
    case .warning: 33
    case .bad: 31
    case .faint: 2
    }
  }
}
