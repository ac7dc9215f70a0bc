import Platform
import Testing

/// What holds for the files of this repository.
@Suite struct SourceTreeTests {
  /// A file system of a Mac keeps one of two such files.
  @Test("no two names in a directory differ in case alone")
  func names() throws {
    let root = #filePath.split(separator: "/").dropLast(3)
    var waiting = ["Sources", "Tests", "scripts", "cni-conf"].map {
      "/\((root + [Substring($0)]).joined(separator: "/"))"
    }
    let top = try Files.names(in: "/" + root.joined(separator: "/")).filter { !$0.hasPrefix(".") }
    #expect(Set(top.map { $0.lowercased() }).count == top.count)
    var count = 0
    while let directory = waiting.popLast() {
      guard let names = try? Files.names(in: directory) else { continue }
      #expect(Set(names.map { $0.lowercased() }).count == names.count, "\(directory)")
      count += names.count
      waiting += names.map { "\(directory)/\($0)" }
    }
    #expect(count > 500)
  }
}
