internal import CLibC

/// Interrupts a system call that blocks, again and again (SIGALRM), until it is stopped.
///
/// Again, since a signal that comes before the call has begun interrupts nothing.
struct RepeatingAlarm {
  private let previous: sigaction
  private let previousMask: sigset_t

  /// Starts the timer.
  /// - Throws: the `Errno` of sigaction(2) or setitimer(2).
  init(milliseconds: Int) throws(Errno) {
    var action = sigaction()
    var previous = sigaction()
    // A handler, and no SA_RESTART: the call ends with EINTR.
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    guard unsafe sigaction(SIGALRM, &action, &previous) == 0 else { throw Errno(rawValue: errno) }
    self.previous = previous
    // Whoever started the program may have blocked the signal, and the block is inherited.
    var alarm = sigset_t()
    var mask = sigset_t()
    unsafe sigemptyset(&alarm)
    unsafe sigaddset(&alarm, SIGALRM)
    unsafe _ = pthread_sigmask(SIG_UNBLOCK, &alarm, &mask)
    previousMask = mask
    try Self.set(microseconds: milliseconds * 1000)
  }

  /// Stops the timer.
  func stop() {
    try? Self.set(microseconds: 0)
    var mask = previousMask
    unsafe _ = pthread_sigmask(SIG_SETMASK, &mask, nil)
    var action = previous
    unsafe _ = sigaction(SIGALRM, &action, nil)
  }

  private static func set(microseconds: Int) throws(Errno) {
    let period = timeval(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
    var timer = itimerval(it_interval: period, it_value: period)
    guard unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil) == 0 else {
      throw Errno(rawValue: errno)
    }
  }
}
