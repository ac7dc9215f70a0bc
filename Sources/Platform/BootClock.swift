internal import CLibC

/// Time since the machine was started, suspended time included (CLOCK_BOOTTIME): nobody can set it.
public enum BootClock {
  /// Milliseconds since the start.
  public static func now() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}
