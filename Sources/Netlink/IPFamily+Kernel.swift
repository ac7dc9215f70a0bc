public import Addressing
internal import CLibC
internal import CNetlink
internal import Platform

extension IPFamily {
  /// Whether the kernel speaks the family: IPv6 may be off for good (`ipv6.disable=1`) or its module missing.
  ///
  /// Where the module is there and not loaded yet, asking loads it. A refusal for another reason tells nothing of the
  /// kernel, and counts as yes.
  public var isSpokenByKernel: Bool {
    let number = socket(Int32(socketFamily), Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { return Errno.lastCall != .addressFamilyNotSupported }
    _ = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    return true
  }
}
