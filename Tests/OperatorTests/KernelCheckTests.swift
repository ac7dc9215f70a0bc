import Testing

@testable import Operator

@Suite struct KernelCheckTests {
  /// Releases as distributions write them: what is too old for which mode.
  @Test(arguments: [
    ("3.10.0-1160.el7.x86_64", false, true), ("4.1.52", false, true), ("4.2.0-42-generic", false, false),
    ("4.8.17", true, true), ("4.8.17", false, false), ("4.9.0-19-amd64", true, false),
    ("4.14.355-275.570.amzn2.x86_64", true, false), ("6.1.0-56-amd64", true, false), ("10.0", true, false),
    ("unknown", true, false),
  ])
  func aKernelBeforeTheModeIsTooOld(release: String, usesL3S: Bool, isTooOld: Bool) {
    let findings = KernelCheck.tooOld(release: release, usesL3S: usesL3S)
    #expect(findings.map(\.kind) == (isTooOld ? [.kernelTooOld] : []))
    #expect(findings.allSatisfy { $0.problem.contains(release) })
  }
}
