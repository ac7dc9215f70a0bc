internal import Platform

/// The name of a NetworkAttachmentDefinition: `namespace/name`.
package struct NetworkName: Sendable, Hashable, CustomStringConvertible {
  /// The namespace.
  package let namespace: String
  /// The name in it.
  package let name: String

  /// `namespace/name`.
  package var description: String { "\(namespace)/\(name)" }

  /// Names a definition; `nil` for what the API server takes for no name.
  package init?(namespace: String, name: String) {
    guard Self.isLabel(namespace), Self.isSubdomain(name) else { return nil }
    self.namespace = namespace
    self.name = name
  }

  /// Reads `namespace/name`, or `name`, which lies in `namespace` then.
  package init?(_ text: String, in namespace: String) {
    let parts = text.fields(separatedBy: UInt8(ascii: "/"), omittingEmpty: false)
    switch parts.count {
    case 1: self.init(namespace: namespace, name: parts[0])
    case 2: self.init(namespace: parts[0], name: parts[1])
    default: return nil
    }
  }

  /// A label of RFC 1123, 63 bytes at most.
  static func isLabel(_ text: String) -> Bool { text.utf8.count <= 63 && isPart(text) }

  /// Labels with dots between them, 253 bytes at most.
  private static func isSubdomain(_ text: String) -> Bool {
    text.utf8.count <= 253
      && text.fields(separatedBy: UInt8(ascii: "."), omittingEmpty: false).allSatisfy(isPart)
  }

  /// Lower-case letters, digits and hyphens, the first and the last no hyphen.
  private static func isPart(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
