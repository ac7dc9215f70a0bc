internal import Platform
internal import SystemPackage

/// Whole texts that a verb is given.
package enum Input {
  /// The bytes of a file.
  /// - Throws: ``Refusal`` when it cannot be read.
  package static func file(_ path: String) throws(Refusal) -> [UInt8] {
    do throws(Errno) { return try Files.read(path) } catch {
      throw Refusal("\(path) cannot be read: \(error)")
    }
  }

  /// All of the standard input.
  /// - Throws: ``Refusal`` when it cannot be read.
  package static func standard() throws(Refusal) -> [UInt8] {
    do throws(Errno) { return try StandardInput().readAll(limit: 1 << 20) } catch {
      throw Refusal("the standard input cannot be read: \(error)")
    }
  }
}
