#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Waits; only for what nobody can tell us of.
public func pause(milliseconds: Int) { pause(microseconds: milliseconds * 1000) }

/// As ``pause(milliseconds:)``, in smaller parts.
public func pause(microseconds: Int) {
  var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
  unsafe _ = nanosleep(&time, nil)
}
