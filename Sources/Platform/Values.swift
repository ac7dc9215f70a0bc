/// A hash that is the same in every process, unlike Swift's `Hasher`; for names, not for secrets.
public enum StableHash {
  /// FNV-1a, 64 bits, of the text in UTF-8.
  public static func fnv1a(_ text: String) -> UInt64 { fnv1a(text.utf8) }

  /// FNV-1a, 64 bits.
  @inlinable public static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}

extension String {
  /// The parts of a text between the occurrences of an ASCII character.
  ///
  /// Compares bytes. `split(separator:)` goes from Character to Character, which asks Unicode's rules at each step: some
  /// hundred instructions for each byte of a path, in a program that starts for every pod.
  ///
  /// - Parameters:
  ///   - prefix: what the text starts with and what is no part of a field.
  ///   - mostSplits: after so many the rest is one field.
  public func fields(
    separatedBy separator: UInt8, after prefix: String = "", mostSplits: Int = .max,
    omittingEmpty: Bool = true
  ) -> [String] {
    utf8.dropFirst(prefix.utf8.count)
      .split(separator: separator, maxSplits: mostSplits, omittingEmptySubsequences: omittingEmpty)
      .map { String(Substring($0)) }
  }
}

extension Int {
  /// The quotient, rounded up: who waits so many seconds has waited for all of the milliseconds.
  public func dividedUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}
