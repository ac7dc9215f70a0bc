internal import SystemPackage

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

extension Errno {
  /// What the C call just made left in `errno`.
  static var lastCall: Errno { Errno(rawValue: errno) }
}
