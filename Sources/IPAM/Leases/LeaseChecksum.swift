internal import Platform

/// A digest behind a value, by which bytes are noticed that changed on the disk (FNV-1a, 64 bits; it is no defence
/// against those who may write to the directory).
enum LeaseChecksum {
  private static let length = 8

  /// The value with the digest of its entry behind it.
  static func close(_ value: [UInt8], _ key: [UInt8]) -> [UInt8] {
    let digest = digest(value, key)
    return value + (0..<length).map { UInt8(truncatingIfNeeded: digest >> (8 * $0)) }
  }

  /// The value without its digest; `nil` when they do not agree.
  static func open(_ sealed: [UInt8], _ key: [UInt8]) -> [UInt8]? {
    guard sealed.count >= length else { return nil }
    let value = Array(sealed.dropLast(length))
    return close(value, key).suffix(length) == sealed.suffix(length) ? value : nil
  }

  /// FNV-1a over the key and the value.
  static func digest(_ value: [UInt8], _ key: [UInt8] = []) -> UInt64 { StableHash.fnv1a(key + value) }
}
