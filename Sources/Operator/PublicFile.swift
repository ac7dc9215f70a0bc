internal import Platform

/// A file that a verb writes for others to read.
enum PublicFile {
  /// Replaces it at once: a reader sees the old text or the new.
  /// - Throws: ``UserError`` when it cannot be written; then it is as it was.
  static func replace(_ file: String, with text: String) throws(UserError) {
    do throws(Errno) {
      try Files.replace(
        file, with: Array(text.utf8), permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw UserError("\(file) cannot be written: \(error)")
    }
  }
}
