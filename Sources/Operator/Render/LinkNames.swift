internal import JSON

/// Names of links that are made by printed commands.
enum LinkNames {
  /// A name that the kernel takes (`IFNAMSIZ`, `dev_valid_name`), and that needs no quotes in a shell.
  /// - Throws: ``JSONFieldError`` for another one, which names the key it comes from.
  static func checked(_ name: String, _ fields: JSONFields, _ key: String) throws(JSONFieldError) -> String {
    guard name.utf8.count <= 15 else {
      throw fields.error(key, "makes the link name \"\(name)\", which is longer than the kernel's 15 bytes")
    }
    let isName =
      !name.isEmpty && name != "." && name != ".." && name.first != "-"
      && name.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
          || Array("._-@+".utf8).contains(byte)
      }
    guard isName else {
      throw fields.error(
        key, "makes the link name \"\(name)\": it must consist of letters, digits, '.', '_', '-', '@' and '+'"
      )
    }
    return name
  }
}
