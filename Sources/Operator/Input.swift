internal import Platform

/// Whole texts that a verb is given.
package enum Input {
  /// The bytes of a file.
  /// - Throws: ``UserError`` when it cannot be read, or has more than `limit` bytes.
  package static func file(_ path: String, limit: Int = 1 << 20) throws(UserError) -> [UInt8] {
    do throws(Errno) { return try Files.read(path, limit: limit) } catch {
      throw UserError("\(path) cannot be read: \(error)")
    }
  }

  /// All of the standard input.
  /// - Throws: ``UserError`` when it cannot be read, or has more than `limit` bytes.
  package static func standard(limit: Int = 1 << 20) throws(UserError) -> [UInt8] {
    do throws(Errno) { return try StandardInput().readAll(limit: limit) } catch {
      throw UserError("the standard input cannot be read: \(error)")
    }
  }
}
