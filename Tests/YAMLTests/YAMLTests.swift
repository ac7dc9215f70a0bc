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
    ("a: !!str 1 # a comment\nb: {c: d}", #"{"a":1,"b":{"c":"d"}}"#),
    (#"{"a": [1, {"b": null}]}"#, #"{"a":[1,{"b":null}]}"#),
    ("1: x\ntrue: y", #"{"1":"x","true":"y"}"#),
  ])
  func valuesAreThoseThatJSONWouldWrite(text: String, json: String) throws {
    let document = try #require(YAMLText.documents(in: Array(text.utf8)).first).get()
    #expect(String(decoding: document.value.serialized(), as: UTF8.self) == json)
  }

  @Test(arguments: [
    ("a: &x [1]\nb: *x", "aliases"),
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
    let laughs = "a: &a [x,x]\n" + (1...40).map { "b\($0): &b\($0) [*a,*a]\n" }.joined()
    let nested = String(repeating: "[", count: 100_000)
    for text in [laughs, nested, nested + String(repeating: "]", count: 100_000)] {
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
}
