/// A hash that is the same in every process, unlike Swift's `Hasher`; for names, not for secrets.
public enum StableHash {
  /// FNV-1a, 64 bits, of the text in UTF-8.
  public static func fnv1a(_ text: String) -> UInt64 { fnv1a(text.utf8) }

  /// FNV-1a, 64 bits.
  public static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
