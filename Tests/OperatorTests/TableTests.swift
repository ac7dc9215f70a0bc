import Testing

@testable import Operator

@Suite struct TableTests {
  private func table(_ rows: [[Table.Cell]]) -> Table {
    var table = Table(
      [.init("NAME"), .init("NOTE", dispensability: 1), .init("COUNT", isNumber: true)], empty: "nothing")
    for row in rows { table.append(row) }
    return table
  }

  @Test func columnsAreAlignedAndNumbersStandAtTheRight() {
    let text = table([["ens5", "first", "7"], ["enp0s31f6", "second", "1200"]]).text(for: .plain)
    #expect(
      text == """
        NAME       NOTE    COUNT
        ens5       first       7
        enp0s31f6  second   1200

        """)
  }

  @Test func aTableWithoutRowsSaysSo() { #expect(table([]).text(for: .plain) == "nothing\n") }

  @Test func whatDoesNotFitIsLeftOutAndThenCut() {
    let long = String(repeating: "x", count: 40)
    let text = table([[.init(long), .init(long), "7"]]).text(for: Screen(width: 40, hasColors: false))
    #expect(text.rendered.split(separator: "\n").allSatisfy { $0.count <= 40 })
    #expect(!text.rendered.contains("NOTE"))
    #expect(text.rendered.contains("…"))
  }

  @Test func linesOfACellStandUnderEachOther() {
    let text = table([[.init(lines: ["a", "b"]), .init(nil), "7"], ["c", "d", "8"]]).text(for: .plain)
    #expect(text == "NAME  NOTE  COUNT\na     -         7\nb\nc     d         8\n")
  }

  @Test func coloursDoNotDisturbTheAlignment() {
    let screen = Screen(width: 100, hasColors: true)
    let text = table([[.init("up", .good), "n", "7"]]).text(for: screen)
    #expect(text.rendered.contains("\u{1B}[32mup\u{1B}[0m    n"))
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10240, "10 KiB"), (20 << 20, "20 MiB"),
    ] as [(UInt64, String)]) func bytesAreReadable(count: UInt64, text: String)
  {
    #expect(Quantity.bytes(count) == text)
  }
}
