import Platform
import Testing

@testable import Operator

@Suite struct MetricsTests {
  @Test func familiesAreWrittenAsPrometheusReadsThem() {
    var metrics = MetricsText()
    metrics.add("a_total", "counter", "What.", [.init([("k", "x\"y\\z\n")], 3), .init([], 4)])
    metrics.add("empty", "gauge", "Nothing.", [])
    #expect(
      metrics.text == """
        # HELP a_total What.
        # TYPE a_total counter
        a_total{k="x\\"y\\\\z\\n"} 3
        a_total 4

        """)
  }

  @Test func theLogIsCounted() throws {
    try Files.makeDirectory("/tmp/operator-tests")
    let file = "/tmp/operator-tests/operations.jsonl"
    let lines = [
      "{\"command\":\"ADD\",\"microseconds\":4000}", "{\"command\":\"ADD\",\"microseconds\":30000}",
      "{\"command\":\"ADD\",\"microseconds\":9000000,\"code\":104}", "garbage",
    ]
    try Files.replace(file, with: Array((lines.joined(separator: "\n") + "\n").utf8))
    defer { try? Files.remove(file) }
    let statistics = OperationStatistics(files: [file, "/nowhere"])
    let add = statistics.commands["ADD"]
    #expect(add?.count == 3)
    #expect(add?.failures == [104: 1])
    #expect(add?.buckets.first == 1)
    #expect(add?.buckets.last == 2)
    #expect(statistics.remarks == ["\(file): lines passed over that are no operations: 1"])
  }
}
