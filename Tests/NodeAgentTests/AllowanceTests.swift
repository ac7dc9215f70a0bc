import Testing

@testable import NodeAgent

@Suite struct AllowanceTests {
  @Test("two at once, then one an interval; after a rest two again")
  func rate() {
    var allowance = Allowance(.init(burst: 2, interval: .seconds(1)))
    let start = ContinuousClock.now + .seconds(10)
    #expect(allowance.take(at: start) == .zero)
    #expect(allowance.take(at: start) == .zero)
    #expect(allowance.take(at: start) == .seconds(1))
    #expect(allowance.take(at: start + .seconds(1)) == .seconds(1))
    #expect(allowance.take(at: start + .seconds(10)) == .zero)
    #expect(allowance.take(at: start + .seconds(10)) == .zero)
    #expect(allowance.take(at: start + .seconds(10)) == .seconds(1))
  }
}
