import Glibc
import Platform
import Testing

@Suite struct DirectoryTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func filesAreReachedByTheDirectoryAndNotByItsPath() throws {
    try Files.makeDirectory("\(scratch.path)/before")
    let directory = try Directory(opening: "\(scratch.path)/before")
    unsafe #expect(rename("\(scratch.path)/before", "\(scratch.path)/behind") == 0)
    try directory.open("file", .writeOnly, options: [.create]).writeAll([1, 2, 3])
    #expect(try Files.read("\(scratch.path)/behind/file") == [1, 2, 3])
    #expect(try directory.read("file", limit: 3) == [1, 2, 3])
    #expect(throws: Errno.fileTooLarge) { try directory.read("file", limit: 2) }
    try directory.makeDirectory("below")
    try directory.makeDirectory("below")
    #expect(try directory.names().sorted() == ["below", "file"])
    #expect(try directory.names().count == 2, "a second time")
    #expect(try directory.directory("below").names() == [])
  }

  @Test(arguments: ["", ".", "..", "a/b", "/etc", "../x", "a\0b"])
  func aNameCannotLeadOut(name: String) throws {
    let directory = try Directory(opening: scratch.path)
    #expect(throws: Errno.invalidArgument) { try directory.read(name, limit: 1) }
    #expect(throws: Errno.invalidArgument) { try directory.makeDirectory(name) }
    #expect(throws: Errno.invalidArgument) { try directory.remove(name) }
    #expect(throws: Errno.invalidArgument) { try directory.status(of: name) }
    #expect(throws: Errno.invalidArgument) { try directory.link("x", as: name) }
  }

  @Test func noLinkIsFollowed() throws {
    let directory = try Directory(opening: scratch.path)
    unsafe #expect(symlink("/etc/hostname", "\(scratch.path)/file") == 0)
    unsafe #expect(symlink("/etc", "\(scratch.path)/directory") == 0)
    #expect(throws: Errno.tooManySymbolicLinkLevels) { try directory.read("file", limit: 4096) }
    #expect(throws: Errno.notDirectory) { _ = try directory.directory("directory").path }
    #expect(try !directory.status(of: "file").isRegularFile)
    #expect(try directory.remove("file"))
    #expect(try !directory.remove("file"))
  }

  @Test func aSecondNameNeedsAFreePlace() throws {
    let directory = try Directory(opening: scratch.path)
    try directory.open("one", .writeOnly, options: [.create]).writeAll([1])
    try directory.link("one", as: "two")
    #expect(throws: Errno.fileExists) { try directory.link("one", as: "two") }
    let (one, two) = (try directory.status(of: "one"), try directory.status(of: "two"))
    #expect(one.inode == two.inode && one.size == 1 && one.isRegularFile)
  }

  @Test func aPipeInTheWayDoesNotBlock() throws {
    unsafe #expect(mkfifo("\(scratch.path)/pipe", 0o600) == 0)
    #expect(try Directory(opening: scratch.path).read("pipe", limit: 1) == [])
  }

  @Test func theTimeOfChangeIsSetToTheNanosecond() throws {
    let directory = try Directory(opening: scratch.path)
    let moment = FileStatus.Time(seconds: 1_700_000_000, nanoseconds: 123_456_789)
    try directory.setModified(moment)
    #expect(try directory.status().modified == moment)
    _ = try directory.open("new", .writeOnly, options: [.create])
    #expect(try directory.status().modified.seconds > moment.seconds)
  }
}
