import JSON
import Testing
import YAML

/// What is read, as the JSON that says the same, and what is refused.
@Suite struct YAMLTests {
  @Test(arguments: [
    ("a: 1\nb: [x, 'y', \"z\"]", #"{"a":1,"b":["x","y","z"]}"#),
    ("- ~\n- null\n- ''\n-", #"[null,null,"",null]"#),
    ("[true, True, TRUE, false, yes, no, on, off]", #"[true,true,true,false,"yes","no","on","off"]"#),
    ("[1, -7, 1.5, 1e3, 012, 0x1F, 1_000, .5, '1']", #"[1,-7,1.5,1e3,"012","0x1F","1_000",".5","1"]"#),
    ("[10.0.0.1, 2001:db8::1, 10.0.0.1-10.0.0.9]", #"["10.0.0.1","2001:db8::1","10.0.0.1-10.0.0.9"]"#),
    ("a: |\n  x\n  y\nb: >\n  x\n  y\n", #"{"a":"x\ny\n","b":"x y\n"}"#),
    ("a: !!str 1 # a comment\nb: {c: d}", #"{"a":"1","b":{"c":"d"}}"#),
    ("a: !!int \"4\"\nb: ! 5\nc: !!map {d: !!seq []}", #"{"a":4,"b":"5","c":{"d":[]}}"#),
    ("a: &x [1, &y {b: 2}]\nc: *x\nd: [*y, *y]", #"{"a":[1,{"b":2}],"c":[1,{"b":2}],"d":[{"b":2},{"b":2}]}"#),
    ("a: &x 1\nb: *x\nc: &x 2\nd: *x", #"{"a":1,"b":1,"c":2,"d":2}"#),
    ("<<: {a: 1, b: 2}\nb: 3", #"{"b":3,"a":1}"#),
    (
      "- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]\n  c: 3",
      #"[{"a":1},{"a":2,"b":2},{"c":3,"a":1,"b":2}]"#
    ),
    ("<<: {a: 1}\n<<: {a: 2, b: 2}", #"{"a":1,"b":2}"#),
    ("\"<<\": {a: 1}", #"{"<<":{"a":1}}"#),
    ("a:\r\n  - b\r\n", #"{"a":["b"]}"#),
    ("{\n\t\"a\":\t1\n}", #"{"a":1}"#),
    (#"{"a": "\ud83d\ude00"}"#, #"{"a":"😀"}"#),
    (#"{"a": [1, {"b": null}]}"#, #"{"a":[1,{"b":null}]}"#),
    ("1: x\ntrue: y", #"{"1":"x","true":"y"}"#),
  ])
  func valuesAreThoseThatJSONWouldWrite(text: String, json: String) throws {
    let document = try #require(YAMLText.documents(in: Array(text.utf8)).first).get()
    #expect(String(decoding: document.value.serialized(), as: UTF8.self) == json)
  }

  @Test(arguments: [
    ("a: &x [*x]", "alias *x"),
    ("a: *x", "alias *x"),
    ("<<: 1", "merge key"),
    ("<<: [{a: 1}, 2]", "merge key"),
    ("<<:", "merge key"),
    ("a: !foo 1", "tag !foo"),
    ("a: !!binary AAAA", "tag tag:yaml.org,2002:binary"),
    ("a: !!int x", "what its tag says"),
    ("a: 1\n\u{FEFF}b: 2", "a line --- is missing"),
    ("spec:\n\tips: []", "a tab in the indentation"),
    ("a: 1\na: 2", "occurs twice"),
    ("? [a]\n: b", "a name that is no text"),
    ("a: [1", "did not find"),
    ("a:\tb\n\t- c", ""),
    ("\u{1}", "control characters"),
  ])
  func whatIsRefusedIsSaid(text: String, says: String) throws {
    let result = try #require(YAMLText.documents(in: Array(text.utf8)).first)
    let error = #expect(throws: YAMLError.self) { try result.get() }
    #expect(says.isEmpty || error?.problem.contains(says) ?? false, "\(String(describing: error))")
  }

  @Test func aBombOfAliasesOrOfNestingIsRefused() throws {
    let laughs = "a: &a0 [x,x]\n" + (1...40).map { "b\($0): &a\($0) [*a\($0 - 1),*a\($0 - 1)]\n" }.joined()
    let chain = "a: &a0 [x]\n" + (1...100).map { "b\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
    let nested = String(repeating: "[", count: 100_000)
    for text in [laughs, chain, nested, nested + String(repeating: "]", count: 100_000)] {
      let result = try #require(YAMLText.documents(in: Array(text.utf8)).first)
      #expect(throws: YAMLError.self) { try result.get() }
    }
  }

  @Test func bytesThatAreNoUTF8AreRefused() throws {
    let result = try #require(YAMLText.documents(in: [0x61, 0x3A, 0x20, 0xFF, 0xFE]).first)
    #expect(throws: YAMLError.self) { try result.get() }
  }

  @Test func eachDocumentIsReadByItselfAndKnowsItsLines() throws {
    let text = "# only a comment\n---\na:\n  b: 1\n---\nc: [\n---\nd:\n- e: 2\n  f: 3\n...\n"
    let results = YAMLText.documents(in: Array(text.utf8))
    #expect(results.count == 3)
    #expect(try results[0].get().line(of: "a.b") == 4)
    #expect(throws: YAMLError.self) { try results[1].get() }
    #expect(try results[2].get().line(of: "d[0].f") == 10)
    #expect(try results[2].get().line(of: "d[0].absent") == 9)
  }

  /// Texts of two documents, as kubectl takes them.
  @Test(arguments: [
    "\u{FEFF}a: 1\n---\nb: 2\n",
    "a: 1\n\u{FEFF}---\nb: 2\n",
    "a: 1\n---\n\u{FEFF}b: 2\n",
    "a: 1\n---\n\u{FEFF}# of another file\n\u{FEFF}b: 2\n",
    "a: 1\n...\n\u{FEFF}---\nb: 2\n",
    "%YAML 1.2\n---\na: 1\n---\nb: 2\n",
    "# by a tool\n%YAML 1.1\n# x\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n...\n",
    "\u{FEFF}%YAML 1.2\n---\na: 1\n---\nb: 2\n",
    "---\n---\na: 1\n--- # second\nb: 2\n---\n# nothing\n---\n",
    "a: 1\r\n---\r\nb: 2\r\n",
    "a: 1\r---\rb: 2\r",
    "--- {a: 1}\n---\t{b: 2}",
    "a: 1\n---\nb: 2\n... # the end\n",
    "{\"a\": 1}\n{\"b\": 2}\n",
    "{\n  \"a\": 1\n}{\"b\": 2}",
  ])
  func twoDocumentsAreRead(text: String) throws {
    for bytes in Self.encodings(text) {
      let documents = try YAMLText.documents(in: bytes).map { try $0.get().value }
      #expect(documents == [.object(["a": .int(1)]), .object(["b": .int(2)])], "\(documents)")
    }
  }

  /// With a byte order mark, and for wide characters without one.
  private static func encodings(_ text: String) -> [[UInt8]] {
    let wide = { (units: [UInt32], size: Int, isBigEndian: Bool) in
      units.flatMap { unit -> [UInt8] in
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: unit >> ($0 * 8)) }
        return isBigEndian ? bytes.reversed() : bytes
      }
    }
    var encodings = [Array(text.utf8)]
    for isBigEndian in [true, false] {
      for mark in [[], [UInt32(0xFEFF)]] {
        encodings.append(wide(mark + text.utf16.map(UInt32.init), 2, isBigEndian))
        encodings.append(wide(mark + text.unicodeScalars.map(\.value), 4, isBigEndian))
      }
    }
    return encodings
  }

  @Test func linesAreCountedWhateverEndsThemAndWhateverComesBefore() throws {
    let text =
      "\u{FEFF}# x\r\n%YAML 1.2\r\n---\r\na: |\r\n  ---\r\n  b\r\nc:\r\n- &x {d: 1}\r\n- *x\r\n- <<: *x\r\n"
    let document = try #require(YAMLText.documents(in: Array(text.utf8)).first).get()
    #expect(document.value.object?["a"]?.string == "---\nb\n")
    #expect(document.line(of: "a") == 4)
    #expect(document.line(of: "c[1].d") == 9)
    #expect(document.line(of: "c[2].d") == 10)
  }

  @Test func ofAStreamOfObjectsEachIsReadByItself() throws {
    let results = YAMLText.documents(in: Array("{\"a\": 1}\n{\"b\": \"\\q\"}\n{\"c\": \"}{\"}\n".utf8))
    #expect(results.count == 3, "\(results)")
    #expect(try results[0].get().line == 1)
    #expect(throws: YAMLError.self) { try results[1].get() }
    #expect(try results[2].get().line == 3)
  }

  @Test(arguments: [
    ("ipvlan-ens5", "ipvlan-ens5"), ("a.b", "a.b"), ("123", "\"123\""), ("1e3", "\"1e3\""), ("no", "\"no\""),
    ("null", "\"null\""), ("y", "\"y\""), ("0x1f", "\"0x1f\""), ("a: b", "\"a: b\""),
  ])
  func aTextIsWrittenSoThatItStaysOne(text: String, written: String) {
    #expect(YAMLText.scalar(text) == written)
  }
}
