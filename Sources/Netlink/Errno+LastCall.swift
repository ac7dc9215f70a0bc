internal import Glibc
internal import SystemPackage

extension Errno {
  /// What the C call just made left in `errno`.
  static var lastCall: Errno { Errno(rawValue: errno) }
}
