internal import Glibc

extension Span<UInt8> {
  /// The first position in `start..<end` that has a byte; `nil` when there is none.
  ///
  /// By memchr(3), which looks at many bytes at once.
  ///
  /// - Parameter end: the end of the span, unless given.
  public func firstIndex(of byte: UInt8, from start: Int, to end: Int? = nil) -> Int? {
    let end = Swift.min(end ?? count, count)
    guard (0..<end).contains(start) else { return nil }
    return unsafe withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress,
        let found = unsafe memchr(base + start, CInt(byte), end - start)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }
}
