import Glibc
import Platform
import Testing

@Suite struct FilesTests {
  let scratch: Scratch
  var file: String { "\(scratch.path)/file" }

  init() throws { scratch = try Scratch() }

  @Test func aReplacedFileIsPrivateAndLeavesNothingBeside() throws {
    try Files.replace(file, with: Array("old".utf8))
    try Files.replace(file, with: Array("new".utf8))
    #expect(try Files.read(file) == Array("new".utf8))
    #expect(try Files.names(in: scratch.path) == ["file"])
    var status = stat()
    unsafe #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(throws: Errno.noSuchFileOrDirectory) { try Files.replace("\(scratch.path)/none/file", with: []) }
  }

  @Test func whatIsTooLargeIsNotRead() throws {
    try Files.replace(file, with: [UInt8](repeating: 7, count: 100_000))
    #expect(try Files.read(file, limit: 100_000).count == 100_000)
    #expect(throws: Errno.fileTooLarge) { try Files.read(file, limit: 99_999) }
    #expect(throws: Errno.fileTooLarge) { try Files.read("/dev/zero", limit: 1 << 16) }
    #expect(throws: Errno.noSuchFileOrDirectory) { try Files.read("\(scratch.path)/none") }
    #expect(throws: Errno.isDirectory) { try Files.read(scratch.path) }
  }

  @Test func appendingMakesTheFileAndFollowsNoLink() throws {
    try Files.append(Array("a".utf8), to: file)
    try Files.append(Array("b".utf8), to: file)
    #expect(try Files.read(file) == Array("ab".utf8))
    unsafe #expect(symlink(file, "\(scratch.path)/link") == 0)
    #expect(throws: Errno.tooManySymbolicLinkLevels) { try Files.append([1], to: "\(scratch.path)/link") }
    #expect(try Files.linkTarget("\(scratch.path)/link") == file)
    #expect(throws: Errno.invalidArgument) { try Files.linkTarget(file) }
  }

  @Test func directoriesAreMadeWithTheirParentsAndOnlyOnce() throws {
    let deep = "\(scratch.path)/a/b/c"
    try Files.makeDirectory(deep)
    try Files.makeDirectory(deep)
    var status = stat()
    unsafe #expect(stat("\(scratch.path)/a/b", &status) == 0 && status.st_mode & 0o777 == 0o700)
    try Files.replace(file, with: [])
    #expect(throws: Errno.notDirectory) { try Files.makeDirectory("\(file)/below") }
  }

  @Test func namesAreSortedAndDotsLeftOut() throws {
    for name in ["b", "a", ".hidden", "ü"] { try Files.replace("\(scratch.path)/\(name)", with: []) }
    #expect(try Files.names(in: scratch.path) == [".hidden", "a", "b", "ü"])
    #expect(throws: Errno.noSuchFileOrDirectory) { try Files.names(in: "\(scratch.path)/none") }
  }

  @Test func onlyRegularFilesAreRegular() throws {
    try Files.replace(file, with: [])
    unsafe #expect(symlink(file, "\(scratch.path)/link") == 0)
    #expect(Files.isRegularFile(file) && Files.isRegularFile("\(scratch.path)/link"))
    for path in [scratch.path, "/dev/null", "\(scratch.path)/none"] { #expect(!Files.isRegularFile(path)) }
    try Files.remove(file)
    #expect(throws: Errno.noSuchFileOrDirectory) { try Files.remove(file) }
  }

  @Test(arguments: [
    ("a*", "abc", true), ("a*", "b", false), ("?", "x", true), ("[ab]c", "bc", true), ("", "", true),
    ("*", "", true), ("ipvlan-ens5", "ipvlan-ens55", false),
  ])
  func namesMatchPatterns(pattern: String, name: String, matches: Bool) {
    #expect(Files.name(name, matches: pattern) == matches)
  }
}
