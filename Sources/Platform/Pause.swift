internal import CLibC

/// Sleeps. Only where there is no event to wait for.
public func pause(milliseconds: Int) { pause(microseconds: milliseconds * 1000) }

/// As ``pause(milliseconds:)``, in smaller parts.
public func pause(microseconds: Int) {
  var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
  unsafe _ = nanosleep(&time, nil)
}
