import Testing

@testable import Operator

@Suite struct ScreenTextTests {
  private static let hostile = "\u{1B}[31mx\r\ny\u{202E}"
  private static let shown = "\\x1B[31mx\\x0D\\x0Ay\\u{202E}"
  private let colours = Screen(width: 100, hasColors: true)

  @Test func valuesDoNotActAndLiteralsDo() {
    let text: ScreenText = "a\n\(Self.hostile)\n"
    #expect(text.rendered == "a\n\(Self.shown)\n")
    #expect(ScreenText.lines([Self.hostile], prefix: "note: ").rendered == "note: \(Self.shown)\n")
    #expect(ScreenText.paragraphs("a\nb\u{1B}[0m\n").rendered == "a\nb\\x1B[0m\n")
  }

  @Test func styledTextIsInsertedAsItIs() {
    let styled = colours.styled("\(Self.hostile)", .bad)
    #expect(("<\(styled)>" as ScreenText).rendered == "<\u{1B}[31m\(Self.shown)\u{1B}[0m>")
  }

  @Test func cellsAreAsWideAsWhatIsShown() {
    var table = Table([.init("A"), .init("B")], empty: "nothing")
    table.append([.init("\u{1B}[2J"), "b"])
    table.append(["c", "d"])
    #expect(table.text(for: .plain).rendered == "A        B\n\\x1B[2J  b\nc        d\n")
  }
}
