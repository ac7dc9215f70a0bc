#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Waits; only for what nobody can tell us of.
public func pause(milliseconds: Int) {
  var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
  unsafe _ = nanosleep(&time, nil)
}
