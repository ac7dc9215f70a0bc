import Platform
import Testing

@Suite struct SubprocessTests {
  private func shell(
    _ script: String, input: [UInt8] = [], timeLimit: Int = 120, maximumOutput: Int = 4 << 20,
    environment: Environment = Environment(["PATH": "/usr/bin:/bin"])
  ) throws -> Subprocess.Outcome {
    try Subprocess(
      executable: "/bin/sh", environment: environment, input: Array((script + "\nexit 0\n").utf8) + input,
      timeLimit: timeLimit, maximumOutput: maximumOutput
    ).run()
  }

  @Test func outputAndStatusAreGiven() throws {
    let outcome = try shell("printf 'a\\nb'; exit 7")
    #expect(outcome.output == Array("a\nb".utf8))
    #expect(outcome.end == .exited(7))
    #expect(try shell("kill -9 $$").end == .killed(9))
  }

  /// More than a pipe holds in both directions at once: neither side may wait for the other.
  @Test func muchInputAndOutputDoNotBlock() throws {
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
    let outcome = try Subprocess(
      executable: "/bin/cat", environment: Environment(), input: bytes, timeLimit: 120
    ).run()
    #expect(outcome.output == bytes)
    #expect(outcome.end == .exited(0))
  }

  @Test func inputThatNobodyReadsIsNoError() throws {
    let outcome = try Subprocess(
      executable: "/bin/true", environment: Environment(), input: [UInt8](repeating: 0, count: 1 << 20),
      timeLimit: 120
    ).run()
    #expect(outcome.end == .exited(0))
  }

  @Test func theTimeLimitEndsTheProgramAndItsChildren() throws {
    let start = MonotonicInstant.now()
    let outcome = try shell("sleep 300 & sleep 300", timeLimit: 1)
    #expect(outcome.end == .timedOut)
    #expect(MonotonicInstant.now().microseconds(since: start) < 60_000_000)
  }

  @Test func tooMuchOutputEndsTheProgram() throws {
    #expect(try shell("exec cat /dev/zero", maximumOutput: 1 << 16).end == .wroteTooMuch)
  }

  /// Each of them must end; the time of the program itself is 300 s.
  @Test(arguments: [
    "exec 1>&-; exec sleep 300", "exec 0<&- 1>&-; exec sleep 300", "exec 0<&- 1>&- 2>&-; sleep 300; exit 0",
    "exec 1>&-; trap '' TERM HUP INT; sleep 300; sleep 300", "exec 0<&-; sleep 300; exit 0",
  ])
  func theTimeLimitHoldsWhateverBecomesOfTheDescriptors(script: String) throws {
    let start = MonotonicInstant.now()
    #expect(try shell(script, timeLimit: 1).end == .timedOut)
    #expect(MonotonicInstant.now().microseconds(since: start) < 60_000_000)
  }

  /// A program that ends is done, though a child of its own keeps the output open.
  @Test func aChildThatKeepsTheOutputHoldsNobodyUp() throws {
    let outcome = try shell("sleep 30 & echo done; exit 3", timeLimit: 20)
    #expect(outcome.end == .exited(3))
    #expect(outcome.output == Array("done\n".utf8))
  }

  @Test func theEnvironmentIsWhatWasGivenAndNoSignalIsBlocked() throws {
    let outcome = try Subprocess(
      executable: "/usr/bin/env", environment: Environment(["A": "1", "B": "x=y\nz"]), input: [],
      timeLimit: 120
    ).run()
    #expect(outcome.output == Array("A=1\nB=x=y\nz\n".utf8))
    let signals = try shell("grep -E 'SigBlk' /proc/self/status").output
    #expect(String(decoding: signals, as: UTF8.self) == "SigBlk:\t0000000000000000\n")
  }

  @Test func whatCannotBeStartedIsToldByItsErrno() {
    #expect(throws: Errno.noSuchFileOrDirectory) {
      try Subprocess(executable: "/none", environment: Environment(), input: [], timeLimit: 1).run()
    }
    #expect(throws: Errno.permissionDenied) {
      try Subprocess(executable: "/etc/passwd", environment: Environment(), input: [], timeLimit: 1).run()
    }
  }
}
