internal import CLibC

/// A child that leads a process group, until it has been waited for.
struct ChildProcess {
  private let number: pid_t
  private var ending: Subprocess.Outcome.End?

  init(_ number: pid_t) { self.number = number }

  /// Whether it has ended by now.
  mutating func hasEnded() -> Bool {
    guard ending == nil else { return true }
    var status: Int32 = 0
    let answer = unsafe waitpid(number, &status, WNOHANG)
    if answer == number {
      let signal = status & 0x7F
      ending = signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal)
    } else if answer < 0, errno != EINTR {
      // Somebody else has waited for it, or ignores SIGCHLD: how it ended cannot be known.
      ending = .exited(-1)
    }
    return ending != nil
  }

  /// How it ended; `nil` when it still runs at the deadline.
  ///
  /// A child that has closed its output is about to end, as a rule: the first looks come soon.
  mutating func end(by deadline: Deadline) -> Subprocess.Outcome.End? {
    var microseconds = 50
    while !hasEnded() {
      guard deadline.milliseconds > 0 else { return nil }
      pause(microseconds: microseconds)
      microseconds = min(2 * microseconds, 20_000)
    }
    return ending
  }

  /// Kills it with all that it has started and that did not leave its group, and waits for it.
  mutating func kill() {
    guard !hasEnded() else { return }
    // The child too: it may have gone into another group.
    for target in [-number, number] { _ = CLibC.kill(target, SIGKILL) }
    // A process that sleeps in the kernel dies when it wakes up: nobody waits for that.
    _ = end(by: Deadline(seconds: 1))
  }
}

/// A moment until which something may take.
struct Deadline {
  private let start = MonotonicInstant.now()
  private let limit: Int

  init(seconds: Int) { limit = seconds * 1_000_000 }

  /// The milliseconds that are left, rounded up; 0 when it has come.
  var milliseconds: Int {
    max(0, (limit - MonotonicInstant.now().microseconds(since: start) + 999) / 1000)
  }
}
