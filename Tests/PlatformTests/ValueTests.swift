import Platform
import Testing

/// Small values that the platform gives.
@Suite struct ValueTests {
  @Test(arguments: [
    (0, 0, "1970-01-01T00:00:00.000000Z"), (951_782_399, 999_999, "2000-02-28T23:59:59.999999Z"),
    (951_782_400, 0, "2000-02-29T00:00:00.000000Z"), (951_868_800, 7, "2000-03-01T00:00:00.000007Z"),
    (1_078_012_800, 0, "2004-02-29T00:00:00.000000Z"), (1_764_547_200, 0, "2025-12-01T00:00:00.000000Z"),
    (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"), (253_402_300_799, 0, "9999-12-31T23:59:59.000000Z"),
  ])
  func timesAreWrittenInUTC(seconds: Int, microseconds: Int, text: String) {
    #expect(WallClock(seconds: seconds, microseconds: microseconds).description == text)
  }

  @Test func theMonotonicClockGoesForward() {
    let start = MonotonicInstant.now()
    pause(milliseconds: 20)
    let passed = MonotonicInstant.now().microseconds(since: start)
    #expect(passed >= 20_000)
    #expect(start.microseconds(since: MonotonicInstant.now()) < 0)
    let boot = BootClock.now()
    pause(milliseconds: 20)
    #expect(BootClock.now() - boot >= 19)
  }

  @Test func anEnvironmentKeepsWhatItIsGiven() {
    var environment = Environment(["A": "1", "AB": "2", "EMPTY": "", "EQUALS": "x=y"])
    #expect(environment["A"] == "1" && environment["AB"] == "2" && environment["EMPTY"] == "")
    #expect(environment["EQUALS"] == "x=y" && environment["B"] == nil && environment["EMPT"] == nil)
    environment["A"] = "changed"
    environment["AB"] = nil
    environment["NEW"] = "3"
    #expect(
      environment.entries.map { String(decoding: $0, as: UTF8.self) }.sorted() == [
        "A=changed", "EMPTY=", "EQUALS=x=y", "NEW=3",
      ])
    #expect(Environment.current()["PATH"]?.isEmpty == false)
  }

  /// The vectors of the hash's authors.
  @Test(arguments: [
    ("", 0xCBF2_9CE4_8422_2325 as UInt64), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8),
  ])
  func theHashIsFNV1a(text: String, hash: UInt64) {
    #expect(StableHash.fnv1a(text) == hash)
    #expect(StableHash.fnv1a(Array(text.utf8)) == hash)
  }

  @Test func theBootHasANumber() throws {
    let number = try #require(BootID.current())
    #expect(number.count == 36 && number.allSatisfy { $0.isHexDigit || $0 == "-" })
    #expect(!HostName.current.isEmpty)
  }
}
