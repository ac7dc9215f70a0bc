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
