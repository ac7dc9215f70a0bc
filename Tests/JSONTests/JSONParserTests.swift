import JSON
import Testing

@Suite struct JSONParserTests {
  /// A document, and how it is written without white space.
  @Test(arguments: [
    ("null", "null"), (" true ", "true"), ("\t\r\n false", "false"), ("0", "0"), ("-0", "-0"), ("12", "12"),
    ("-1.5e+10", "-1.5e+10"), ("1E-5", "1E-5"), ("0.10", "0.10"),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
    (#""""#, #""""#), (#""a\"b\\c\/d""#, #""a\"b\\c/d""#), (#""\b\f\n\r\t""#, #""\u0008\u000c\n\r\t""#),
    (#""\u0041\u00e9\u20ac""#, #""Aé€""#), (#""\ud83d\ude00""#, #""😀""#), (#""\uD83D\uDE00""#, #""😀""#),
    (#""\u0000""#, #""\u0000""#), ("\"\u{7f}\"", "\"\u{7f}\""), ("[]", "[]"), ("[ ]", "[]"),
    ("[1, [2 , {}], \"x\"]", #"[1,[2,{}],"x"]"#), ("{}", "{}"), ("{ }", "{}"), (#"{"":0}"#, #"{"":0}"#),
    (#"{"b":1,"a":{"c":null}}"#, #"{"b":1,"a":{"c":null}}"#), (#"{"a":1,"A":2}"#, #"{"a":1,"A":2}"#),
  ])
  func documentsAreReadAndWrittenBack(text: String, compact: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    let written = value.serialized()
    #expect(String(decoding: written, as: UTF8.self) == compact)
    #expect(try JSONValue(parsing: written) == value)
    #expect(try JSONValue(parsing: value.serialized(indented: true)) == value)
  }

  struct UserError: Sendable, CustomTestStringConvertible {
    let text: String
    let says: String
    let line: Int
    let column: Int
    var testDescription: String { text }

    init(_ text: String, _ says: String, _ line: Int, _ column: Int) {
      (self.text, self.says, self.line, self.column) = (text, says, line, column)
    }
  }

  /// A text that is no JSON, what the error says, and where.
  static let refusals: [UserError] = [
    UserError("", "the text ends", 1, 1),
    UserError(" \n ", "the text ends", 2, 2),
    UserError("nul", "not JSON", 1, 1),
    UserError("True", "'T'", 1, 1),
    UserError("nullx", "unexpected text after", 1, 5),
    UserError("1 2", "unexpected text after", 1, 3),
    UserError("{}{}", "unexpected text after", 1, 3),
    UserError("[1,]", "']'", 1, 4),
    UserError("[,1]", "','", 1, 2),
    UserError("[1 2]", "'2'", 1, 4),
    UserError("[1", "the text ends", 1, 3),
    UserError("[", "the text ends", 1, 2),
    UserError("]", "']'", 1, 1),
    UserError("{", "the text ends", 1, 2),
    UserError(#"{"a"}"#, "'}' where ':'", 1, 5),
    UserError(#"{"a":}"#, "'}'", 1, 6),
    UserError(#"{"a":1,}"#, "member name", 1, 8),
    UserError("{a:1}", "member name", 1, 2),
    UserError("{1:1}", "member name", 1, 2),
    UserError(#"{"a":1 "b":2}"#, "'\"'", 1, 8),
    UserError("{\"a\":1,\n \"a\":2}", "\"a\" occurs twice", 2, 2),
    UserError(#"{"a":1,"\u0061":2}"#, "\"a\" occurs twice", 1, 8),
    UserError("01", "unexpected text after", 1, 2),
    UserError("-", "the text ends where a digit", 1, 2),
    UserError("+1", "'+'", 1, 1),
    UserError(".5", "'.'", 1, 1),
    UserError("1.", "a digit", 1, 3),
    UserError("1e", "a digit", 1, 3),
    UserError("1e+", "a digit", 1, 4),
    UserError("-a", "'a' where a digit", 1, 2),
    UserError("0x10", "unexpected text after", 1, 2),
    UserError("NaN", "'N'", 1, 1),
    UserError("Infinity", "'I'", 1, 1),
    UserError("'a'", "'''", 1, 1),
    UserError("\"a", "ends inside of a string", 1, 3),
    UserError("\"\\", "ends inside of a string", 1, 3),
    UserError(#""\x41""#, "unknown escape", 1, 4),
    UserError(#""\u12""#, "four hexadecimal", 1, 6),
    UserError(#""\u12g4""#, "four hexadecimal", 1, 6),
    UserError(#""\ud83d""#, "surrogate", 1, 8),
    UserError(#""\ude00""#, "surrogate", 1, 8),
    UserError(#""\ud83d\u0041""#, "surrogate", 1, 14),
    UserError(#""\ud83dx""#, "surrogate", 1, 8),
    UserError("\"a\nb\"", "control character", 1, 3),
    UserError("\"\0\"", "control character", 1, 2),
    UserError("\"\t\"", "control character", 1, 2),
    UserError("// x\n1", "'/'", 1, 1),
    UserError("\u{FEFF}1", "byte 0xef", 1, 1),
    UserError("\u{A0}1", "byte 0xc2", 1, 1),
    UserError("\0", "byte 0x0", 1, 1),
  ]

  @Test(arguments: refusals) func whatIsNoJSONIsRefusedWithItsPlace(_ refusal: UserError) {
    let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(refusal.text.utf8)) }
    #expect(error?.problem.contains(refusal.says) ?? false, "\(String(describing: error))")
    #expect(error?.line == refusal.line)
    #expect(error?.column == refusal.column)
  }

  @Test(arguments: [
    [0x80], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF] as [UInt8],
  ])
  func textThatIsNotUTF8IsRefused(bytes: [UInt8]) {
    for text in [[0x22] + bytes + [0x22], [0x22, 0x61] + bytes + [0x22], bytes] {
      #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    }
  }

  @Test func nestingEndsAtTheLimitAndNotInACrash() throws {
    let nested = { (depth: Int) in
      [UInt8](repeating: UInt8(ascii: "["), count: depth)
        + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
    }
    _ = try JSONValue(parsing: nested(64))
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(65)) }
    let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(1_000_000)) }
    #expect(error?.problem == "arrays and objects are nested too deeply")
    #expect(throws: JSONSyntaxError.self) {
      try JSONValue(parsing: Array(#"{"a":[1]}"#.utf8), maximumDepth: 1)
    }
    // Beside each other is not within each other.
    _ = try JSONValue(parsing: Array("[[],[],[[]],{}]".utf8), maximumDepth: 3)
  }

  /// Every beginning of a document, and every document with a byte changed, ends in a value or an error.
  @Test func aDamagedDocumentNeverTraps() {
    let text = Array(#"{"a": [1, -2.5e3, "x\u00e9\ud83d\ude00\n", true, null], "b": {"c": ""}}"#.utf8)
    for end in text.indices {
      #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: Array(text[..<end])) }
    }
    for index in text.indices {
      for byte in [0, 0x22, 0x5C, 0x7B, 0x5D, 0x2C, 0x80, 0xFF] as [UInt8] {
        var damaged = text
        damaged[index] = byte
        guard let value = try? JSONValue(parsing: damaged) else { continue }
        #expect((try? JSONValue(parsing: value.serialized())) == value)
      }
    }
  }
}
