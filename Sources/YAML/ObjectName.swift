/// The names that Kubernetes takes for its objects (RFC 1123).
package enum ObjectName {
  /// What is said of a name that is refused.
  package static let rule =
    "must consist of lower case letters, digits, '-' and '.', and begin and end with a letter or digit"

  /// Whether a text can be the name of an object: labels with dots between them, 253 bytes at most.
  package static func isSubdomain(_ text: String) -> Bool {
    text.utf8.count <= 253
      && text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isPart)
  }

  /// Whether a text has only what names have. Pools in files of a node may be called `blue-` or `a..b`: no API server was asked.
  package static func hasFittingCharacters(_ text: String) -> Bool {
    (1...253).contains(text.utf8.count) && text.first != "." && text.first != "-"
      && text.utf8.allSatisfy {
        isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
      }
  }

  /// Whether a text can be the name of a namespace: a label of 63 bytes at most.
  package static func isLabel(_ text: String) -> Bool { text.utf8.count <= 63 && isPart(text.utf8[...]) }

  /// Letters, digits and hyphens, the first and the last no hyphen.
  private static func isPart(_ text: Substring.UTF8View) -> Bool {
    guard let first = text.first, let last = text.last else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && text.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
