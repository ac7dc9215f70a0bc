/// A tar archive of regular files (POSIX.1-1988, `ustar`).
struct TarArchive {
  private(set) var bytes: [UInt8] = []

  /// Adds a file; names are at most 100 bytes.
  mutating func add(_ name: String, _ content: [UInt8], modified: Int) {
    var header = [UInt8](repeating: 0, count: 512)
    let write = { (header: inout [UInt8], text: String, offset: Int) in
      for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
    }
    write(&header, String(decoding: name.utf8.prefix(100), as: UTF8.self), 0)
    write(&header, "0000600", 100)
    write(&header, "0000000", 108)
    write(&header, "0000000", 116)
    write(&header, Self.octal(content.count, 11), 124)
    write(&header, Self.octal(modified, 11), 136)
    write(&header, "        ", 148)
    write(&header, "0", 156)
    write(&header, "ustar", 257)
    write(&header, "00", 263)
    let sum = header.reduce(0) { $0 + Int($1) }
    write(&header, Self.octal(sum, 6) + "\0 ", 148)
    bytes += header + content
    bytes += repeatElement(0, count: -content.count & 511)
  }

  /// The archive with the two empty blocks that end it.
  var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  private static func octal(_ number: Int, _ width: Int) -> String {
    let digits = String(number, radix: 8)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
