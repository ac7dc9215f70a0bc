import Testing

@testable import Operator

@Suite struct BoundedArchiveTests {
  @Test func whatIsTooMuchIsLeftOutAndSaid() {
    var archive = BoundedArchive(folder: "f", limit: 4096)
    archive.add("a", [UInt8](repeating: 1, count: 1000))
    archive.add("b", [UInt8](repeating: 2, count: 4000))
    #expect(archive.remarks == ["b is left out: with its 3.9 KiB the archive were too large"])
    archive.add("c", [UInt8](repeating: 3, count: 2000))
    archive.add("d", [])
    #expect(archive.remarks.last == "d is left out: the archive has its 4.0 KiB")
    // Two files of a header and whole blocks each, and the end.
    #expect(archive.finished.count == (512 + 1024) + (512 + 2048) + 1024)
  }

  @Test func whatComesTooLateIsLeftOutAndSaid() {
    var archive = BoundedArchive(folder: "f", patience: 0)
    archive.add("a", [1])
    #expect(archive.remarks == ["a is left out: collecting has taken 0 s already"])
    #expect(archive.finished.count == 1024)
  }
}
