import Platform
import SystemPackage
import Testing

@Suite struct SubprocessTests {
  private func shell(
    _ script: String, input: [UInt8] = [], timeLimit: Int = 30, maximumOutput: Int = 4 << 20,
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
      executable: "/bin/cat", environment: Environment(), input: bytes, timeLimit: 60
    ).run()
    #expect(outcome.output == bytes)
    #expect(outcome.end == .exited(0))
  }

  @Test func inputThatNobodyReadsIsNoError() throws {
    let outcome = try Subprocess(
      executable: "/bin/true", environment: Environment(), input: [UInt8](repeating: 0, count: 1 << 20),
      timeLimit: 30
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
    #expect(try shell("exec cat /dev/zero", maximumOutput: 1 << 16).end == .timedOut)
  }

  @Test func theEnvironmentIsWhatWasGivenAndNoSignalIsBlocked() throws {
    let outcome = try Subprocess(
      executable: "/usr/bin/env", environment: Environment(["A": "1", "B": "x=y\nz"]), input: [],
      timeLimit: 30
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
