import Testing

@testable import NodeAgent

@Suite struct AllowanceTests {
  @Test("two at once, then one an interval; after a rest two again")
  func rate() {
    var allowance = RateLimiter(.init(burst: 2, interval: .seconds(1)))
    let start = ContinuousClock.now + .seconds(10)
    #expect(allowance.wait(at: start) == .zero)
    allowance.note(at: start)
    #expect(allowance.wait(at: start) == .zero)
    allowance.note(at: start)
    #expect(allowance.wait(at: start) == .seconds(1))
    #expect(allowance.wait(at: start + .milliseconds(600)) == .milliseconds(400))
    allowance.note(at: start + .seconds(1))
    #expect(allowance.wait(at: start + .seconds(1)) == .seconds(1))
    allowance.note(0, at: start + .seconds(1))
    #expect(allowance.wait(at: start + .seconds(1)) == .seconds(1))
    #expect(allowance.wait(at: start + .seconds(10)) == .zero)
    allowance.note(2, at: start + .seconds(10))
    #expect(allowance.wait(at: start + .seconds(10)) == .seconds(1))
  }
}
