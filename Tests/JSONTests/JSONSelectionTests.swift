import Platform
import TestSupport
import Testing

@testable import JSON

@Suite struct JSONSelectionTests {
  static let selection = JSONSelection(path: ["a", "b"], rules: [.exactly("x"), .exactly("y")])

  private func parse(_ text: String) throws -> JSONValue {
    try JSONValue(parsing: Array(text.utf8), selecting: Self.selection)
  }

  @Test(arguments: [
    // Elsewhere everything stays, whatever its name.
    (#"{"b":{"z":1},"a":{"c":{"z":2},"x":{"z":3}}}"#, #"{"b":{"z":1},"a":{"c":{"z":2},"x":{"z":3}}}"#),
    (#"{"a":{"b":{"x":1,"z":2,"y":"3"}}}"#, #"{"a":{"b":{"x":1,"y":"3"}}}"#),
    (#"{"a":{"b":{"z":{"x":1},"x":{"z":1,"b":[{}]}}}}"#, #"{"a":{"b":{"x":{"z":1,"b":[{}]}}}}"#),
    (#"{"a":[{"b":{"z":1}}]}"#, #"{"a":[{"b":{"z":1}}]}"#),
    (#"{"c":{"a":{"b":{"z":1}}}}"#, #"{"c":{"a":{"b":{"z":1}}}}"#),
    (
      #"{"a":{"b":{"z":"\"x\":1","q":"\\","x":2,"r":"\\\"","y":"\\\\"}}}"#, #"{"a":{"b":{"x":2,"y":"\\\\"}}}"#
    ),
    (#"{"a":{"b":{"\u0078":1,"z":[-1.5e+3,true,null,"é",{}],"y":2}}}"#, #"{"a":{"b":{"x":1,"y":2}}}"#),
    (#"{"a":{"b":{}}}"#, #"{"a":{"b":{}}}"#), (#"{"a":{"b":"z"},"b":1}"#, #"{"a":{"b":"z"},"b":1}"#),
  ])
  func onlyTheWantedMembersOfOneObjectAreRead(text: String, expected: String) throws {
    #expect(try parse(text) == JSONValue(parsing: Array(expected.utf8)), "\(text)")
  }

  /// What is read of the members of `a.b` by rules about their names.
  @Test(
    arguments: [
      ([.beginning("x/")], #""x/":1,"x/1":2"#), ([.beginning("")], nil), ([], ""),
      ([.firstBeginning("x")], #""x":0"#), ([.firstBeginning("x/")], #""x/":1"#),
      ([.exactly("x/"), .firstBeginning("x/")], #""x/":1,"x/1":2"#),
      ([.exactly("x/1"), .noneBeginning("x/"), .firstBeginning("x")], #""x":0,"x/1":2"#),
      ([.noneBeginning("x/"), .beginning("x")], #""x":0"#), ([.exactly("")], #""":5"#),
      ([.exactly("n"), .firstBeginning("n")], #""n":null,"n1":null,"n2":8"#),
      // The name that is written by an escape.
      ([.exactly("é")], #""é":7"#), ([.noneBeginning("é"), .beginning("")], nil),
    ] as [([JSONSelection.Rule], String?)])
  func theFirstRuleThatSaysSomethingCounts(rules: [JSONSelection.Rule], expected: String?) throws {
    let members =
      #""x":0,"x/":1,"x/1":2,"y/x/":4,"":5,"*":6,"\u00e9":7,"n":null,"n1":null,"n2":8,"n3":9"#
    let value = try JSONValue(
      parsing: Array(#"{"a":{"b":{\#(members)}}}"#.utf8),
      selecting: JSONSelection(path: ["a", "b"], rules: rules))
    let all = rules == [.beginning("")] ? members : members.replacing(#""\u00e9":7,"#, with: "")
    #expect(try value == JSONValue(parsing: Array(#"{"a":{"b":{\#(expected ?? all)}}}"#.utf8)))
  }

  /// However long names and texts are, which are looked at in pieces, and whatever is between members.
  @Test func membersThatArePassedOverHideNoneThatIsRead() throws {
    let texts = ["", #"\n"#, #"\\"#, #"\""#, #"a\"b,\"wanted\":\"no\""#, "}", "é"]
    for length in 0..<140 {
      let long = String(repeating: "l", count: length)
      for separator in [",", ", ", " ,\n "] {
        var members: [String] = []
        for (number, text) in texts.enumerated() {
          members.append(#""\#(long)\#(number)":"\#(text)""#)
          members.append(#""w\#(number)":"\#(long)\#(text)""#)
          members.append(#""wanted\#(number)":"\#(text)\#(long)""#)
          members.append(#""o\#(number)":{"wanted":[\#(number),"\#(long)"]}"#)
        }
        let text = members.joined(separator: separator)
        let value = try JSONValue(
          parsing: Array(#"{"a":{\#(text)}}"#.utf8),
          selecting: JSONSelection(path: ["a"], rules: [.beginning("wanted")]))
        let all = try JSONValue(parsing: Array("{\(text)}".utf8)).object?.members ?? []
        let read = value.object?["a"]?.object?.members ?? []
        #expect(read.count == texts.count && read.map(\.name) == (0..<texts.count).map { "wanted\($0)" })
        #expect(read.map(\.value) == all.filter { $0.name.hasPrefix("wanted") }.map(\.value))
      }
    }
  }

  @Test(arguments: [
    #"{"a":{"b":{"z"#, #"{"a":{"b":{"z":"}}}"#, #"{"a":{"b":{"z":"\"}}}"#, #"{"a":{"b":{"z" 1}}}"#,
    #"{"a":{"b":{"z":}}}"#,
    #"{"a":{"b":{"z":1,}}}"#, #"{"a":{"b":{"z":[1}}}"#, #"{"a":{"b":{"x":1,"x":2}}}"#,
    #"{"a":{"b":{1:2}}}"#, #"{"a":{"b":{"z":1}"#,
  ])
  func aDocumentThatDoesNotEndProperlyIsRefused(text: String) {
    #expect(throws: JSONSyntaxError.self, "\(text)") { try parse(text) }
  }

  @Test func whatIsPassedOverIsNotNestedTooDeeplyEither() {
    let text = #"{"a":{"b":{"z":"# + String(repeating: "[", count: 100_000)
    #expect(throws: JSONSyntaxError.self) { try parse(text) }
  }

  /// Where a look-up of a name goes through all of them, this takes minutes.
  @Test func objectsOfManyMembersTakeNoLongerThanTheirText() throws {
    let count = 100_000
    let text = "{" + (0..<count).map { #""member-\#($0)":\#($0)"# }.joined(separator: ",") + "}"
    let start = MonotonicInstant.now()
    let object = try #require(try JSONValue(parsing: Array(text.utf8)).object)
    #expect(object.members.count == count)
    for number in stride(from: 0, to: count, by: 7) { #expect(object["member-\(number)"] == .int(number)) }
    #expect(object["none"] == nil)
    var copy = object
    copy["member-5"] = nil
    #expect(copy["member-5"] == nil && copy["member-99999"] == .int(99_999) && copy != object)
    copy["member-5"] = .int(5)
    #expect(copy == object)
    #expect(MonotonicInstant.now().microseconds(since: start) < 30_000_000)
    let twice = text.dropLast() + #","member-77":0}"#
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(twice.utf8)) }
  }
}

/// Where strings end, which is looked for in blocks of 64 and of 128 bytes.
@Suite struct JSONSkimmerTests {
  /// Byte by byte, as the grammar has it.
  private func end(in text: [UInt8]) -> Int? {
    var position = 0
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""): return position + 1
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return nil
  }

  @Test func everyStringEndsWhereTheGrammarSays() {
    var generator = SeededRandom(seed: 2026)
    // Long runs of backslashes, over the ends of blocks too.
    let alphabets: [[UInt8]] = [Array(#"a\"#.utf8), Array(#"\"#.utf8), Array(#"abcdefghijk\""#.utf8)]
    let escapes: [[UInt8]] = [#"\""#, #"\n"#, #"\\"#, #"\\\""#].map { Array($0.utf8) }
    for length in 0..<1200 {
      // Long stretches without an end, as a pod's annotations have.
      var long: [UInt8] = []
      while long.count < length {
        long += Array(repeating: UInt8(ascii: "x"), count: Int(generator.next() % 300))
        let kinds = length % 2 == 0 ? 2 : 4
        long += escapes[Int(generator.next() % UInt64(kinds))]
      }
      if length % 3 > 0 { long += Array(#""abc"x"#.utf8) }
      #expect(
        JSONSkimmer.endOfString(in: long.span, from: 0) == end(in: long),
        "\(String(decoding: long, as: UTF8.self))")
    }
    for length in 0..<400 {
      for alphabet in alphabets {
        for _ in 0..<4 {
          var text = (0..<length).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] }
          if length % 3 > 0 { text += Array(#""\"""#.utf8) }
          #expect(
            JSONSkimmer.endOfString(in: text.span, from: 0) == end(in: text),
            "\(String(decoding: text, as: UTF8.self))")
        }
      }
    }
  }
}
