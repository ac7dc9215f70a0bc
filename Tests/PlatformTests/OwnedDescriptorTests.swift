import Glibc
import Platform
import Testing

@Suite struct OwnedDescriptorTests {
  let scratch: Scratch
  var path: String { "\(scratch.path)/file" }

  init() throws { scratch = try Scratch() }

  private func open() throws -> OwnedDescriptor {
    try OwnedDescriptor(opening: path, .readWrite, options: [.create], permissions: [.ownerReadWrite])
  }

  @Test func itIsClosedWithItsOwnerAndNotInherited() throws {
    var number: CInt = -1
    do {
      let file = try open()
      number = file.descriptor.rawValue
      #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
      try file.writeAll([1])
    }
    // Another test may have got the number since: then it is another file.
    let target = try? Files.linkTarget("/proc/self/fd/\(number)")
    #expect(target != path)
  }

  @Test func contentIsReplacedInPlace() throws {
    let file = try open()
    try file.replaceContent(with: Array("a long text".utf8))
    try file.replaceContent(with: Array("short".utf8))
    #expect(try file.content(limit: 5) == Array("short".utf8))
    #expect(throws: Errno.fileTooLarge) { try file.content(limit: 4) }
  }

  @Test func placesAreReadAndWritten() throws {
    let file = try open()
    try file.write([1, 2, 3, 4], at: 10)
    try file.write([9], at: 11)
    #expect(try file.read(3, at: 10) == [1, 9, 3])
    #expect(try file.read(100, at: 12) == [3, 4], "up to the end")
    #expect(try file.read(4, at: 14) == [])
    #expect(try file.read(2, at: 0) == [0, 0], "a hole reads as zeros")
    #expect(try file.content(limit: 100).count == 14)
  }

  @Test func aLockExcludesOthersUntilItsOwnerGoes() throws {
    let second = try open()
    do {
      let first = try open()
      _ = try first.lock(.exclusive, within: 5)
      #expect(flock(second.descriptor.rawValue, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK)
    }
    #expect(try second.lock(.exclusive, within: 5))
    let third = try open()
    _ = try second.lock(.shared, within: 5)
    #expect(try third.lock(.shared, within: 5))
    #expect(flock(third.descriptor.rawValue, LOCK_EX | LOCK_NB) == -1)
  }
}
