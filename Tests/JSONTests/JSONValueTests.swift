import JSON
import Testing

@Suite struct JSONValueTests {
  @Test func membersKeepTheirOrder() {
    var object: JSONObject = ["b": .int(1), "a": .int(2), "c": .null]
    object["a"] = .string("changed")
    object["d"] = .bool(true)
    object["b"] = nil
    object["none"] = nil
    #expect(object.members.map(\.name) == ["a", "c", "d"])
    #expect(object["a"] == .string("changed") && object["b"] == nil && object["c"] == .null)
    let twice: JSONObject = ["x": .int(1), "x": .int(2)]
    #expect(twice.members.count == 1 && twice["x"] == .int(2))
  }

  @Test func equalityDoesNotSeeTheOrder() {
    let left: JSONObject = ["a": .int(1), "b": .null]
    let right: JSONObject = ["b": .null, "a": .int(1)]
    #expect(left == right && left.hashValue == right.hashValue)
    #expect(left != ["a": .int(1)] && left != ["a": .int(1), "c": .null])
    #expect(JSONValue.array([.int(1), .int(2)]) != .array([.int(2), .int(1)]))
  }

  @Test(arguments: [
    ("9223372036854775807", Int.max as Int?), ("-9223372036854775808", Int.min), ("9223372036854775808", nil),
    ("1.0", nil), ("1e3", nil), ("-0", 0),
  ])
  func integersFitOrAreNone(text: String, value: Int?) throws {
    #expect(try JSONValue(parsing: Array(text.utf8)).int == value)
  }

  @Test func aValueIsOfOneKind() {
    let values: [JSONValue] = [.null, .bool(false), .int(0), .string(""), .array([]), .object([:])]
    #expect(
      values.map(\.kind) == ["null", "true or false", "a number", "a string", "an array", "an object"])
    #expect(values.map { $0.bool != nil } == [false, true, false, false, false, false])
    #expect(values.map { $0.int != nil } == [false, false, true, false, false, false])
    #expect(values.map { $0.string != nil } == [false, false, false, true, false, false])
    #expect(values.map { $0.array != nil } == [false, false, false, false, true, false])
    #expect(values.map { $0.object != nil } == [false, false, false, false, false, true])
  }

  @Test func peopleReadAMemberALine() {
    let value = JSONValue.object([
      "a": .array([.int(1), .object([:])]), "b": .array([]), "c/": .string("d/"),
    ])
    #expect(
      String(decoding: value.serialized(indented: true), as: UTF8.self) == """
        {
          "a": [
            1,
            {}
          ],
          "b": [],
          "c/": "d/"
        }
        """)
  }
}
