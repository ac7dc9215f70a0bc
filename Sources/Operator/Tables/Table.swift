internal import Platform

/// Rows under headings, aligned, for a terminal of a certain width.
package struct Table: Sendable {
  /// A column.
  package struct Column: Sendable {
    let heading: String
    /// Numbers stand at the right.
    let isNumber: Bool
    /// Of columns that do not fit the one with the least importance is left out first; 0 stays always.
    let dispensability: Int
    /// It is not cut, since its end may be what counts: a sentence, or what tells the rows apart.
    let isWhole: Bool

    package init(
      _ heading: String, isNumber: Bool = false, dispensability: Int = 0, isWhole: Bool = false
    ) {
      self.heading = heading
      self.isNumber = isNumber
      self.dispensability = dispensability
      self.isWhole = isWhole
    }
  }

  /// What one cell shows.
  package struct Cell: Sendable, ExpressibleByStringLiteral {
    /// The lines, one under the other, of which nothing acts upon the terminal: their width is what is seen.
    let lines: [String]
    let style: Style

    package init(_ text: String?, _ style: Style = .plain) {
      self.init(lines: text.map { [$0] } ?? [], style)
    }

    package init(lines: [String], _ style: Style = .plain) {
      self.lines = lines.isEmpty ? ["-"] : lines.map { $0.isEmpty ? "-" : ControlText.escaped($0) }
      self.style = style
    }

    package init(stringLiteral value: String) { self.init(value) }
  }

  private let columns: [Column]
  private var rows: [[Cell]] = []
  /// What is shown instead of a table without rows.
  private let emptyText: String

  package init(_ columns: [Column], empty emptyText: String) {
    self.columns = columns
    self.emptyText = emptyText
  }

  /// Adds a row, a cell for each column.
  package mutating func append(_ row: [Cell]) { rows.append(row) }

  /// The text, lines ended.
  package func text(for screen: Screen) -> ScreenText {
    guard !rows.isEmpty else { return "\(emptyText)\n" }
    let layout = TableLayout(columns: columns, rows: rows, width: screen.width)
    var text = line(layout, columns.map { Cell($0.heading, .heading) }, 0, screen)
    for row in rows {
      let height = row.map(\.lines.count).max() ?? 1
      for position in 0..<height { text += line(layout, row, position, screen) }
    }
    return text
  }

  private func line(_ layout: TableLayout, _ row: [Cell], _ position: Int, _ screen: Screen) -> ScreenText {
    var parts: [ScreenText] = []
    for (index, width) in zip(layout.shown, layout.widths) {
      let full = position < row[index].lines.count ? row[index].lines[position] : ""
      let text = full.count > width ? full.prefix(max(1, width - 1)) + "…" : full[...]
      let blanks = ScreenText(String(repeating: " ", count: max(0, width - text.count)))
      let styled = screen.styled(ScreenText(text), row[index].style)
      parts.append(columns[index].isNumber ? blanks + styled : styled + blanks)
    }
    return parts.joined(separator: "  ").withoutBlanksAtTheEnd + "\n"
  }
}

/// Which columns are shown, and how wide.
private struct TableLayout {
  private(set) var shown: [Int]
  private(set) var widths: [Int] = []
  /// Minimum width of a column that may be shortened.
  private static let least = 12

  init(columns: [Table.Column], rows: [[Table.Cell]], width: Int) {
    let natural = columns.indices.map { index in
      (rows.flatMap { $0[index].lines } + [columns[index].heading]).map(\.count).max() ?? 0
    }
    // A column without any value says nothing either.
    shown = columns.indices.filter { index in
      columns[index].dispensability == 0 || rows.contains { $0[index].lines != ["-"] }
    }
    while Self.total(shown.map { natural[$0] }) > width,
      let least = shown.filter({ columns[$0].dispensability > 0 })
        .max(by: { columns[$0].dispensability < columns[$1].dispensability })
    {
      shown.removeAll { $0 == least }
    }
    widths = shown.map { natural[$0] }
    let narrowable = shown.indices.filter { !columns[shown[$0]].isWhole }
    while Self.total(widths) > width, let widest = narrowable.max(by: { widths[$0] < widths[$1] }),
      widths[widest] > Self.least
    {
      widths[widest] -= 1
    }
  }

  private static func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + 2 * max(0, widths.count - 1) }
}
