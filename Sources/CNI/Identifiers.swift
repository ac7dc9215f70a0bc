/// The patterns of names in the specification (CNI SPEC 1.1.0, sections 1 and 2).
package enum Identifiers {
  /// `^[a-zA-Z0-9][a-zA-Z0-9_.\-]*$`, the whole text: container IDs and network names.
  package static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
    return text.utf8.allSatisfy { isAlphanumeric($0) || [0x5F, 0x2E, 0x2D].contains($0) }
  }

  /// A name that the kernel takes for a link: 1 to 15 bytes, not `.` or `..`, no slash, colon or white space.
  ///
  /// U+FFFD stands for bytes that were no UTF-8: the link would get another name than the one asked for.
  package static func isInterfaceName(_ text: String) -> Bool {
    (1...15).contains(text.utf8.count) && text != "." && text != ".."
      && text.unicodeScalars.allSatisfy { scalar in
        scalar != "/" && scalar != ":" && scalar != "\u{FFFD}" && !scalar.properties.isWhitespace
          && scalar.value > 0x1F
          && scalar.value != 0x7F
      }
  }

  /// Whether the kernel makes a link of exactly that name: with a percent sign it takes the name as a pattern
  /// (`dev_alloc_name`), and `eth%d` becomes `eth0`, or `eth1`.
  package static func isNameOfNewInterface(_ text: String) -> Bool {
    isInterfaceName(text) && !text.utf8.contains(UInt8(ascii: "%"))
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
