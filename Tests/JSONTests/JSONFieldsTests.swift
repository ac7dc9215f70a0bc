import JSON
import Platform
import Testing

/// Typed access to members, whose errors people read.
@Suite struct JSONFieldsTests {
  static let fields = JSONFields(
    [
      "text": .string("x"), "flag": .bool(true), "number": .int(7), "nothing": .null,
      "list": .array([.string("a"), .string("b")]), "object": .object(["inner": .int(1)]),
      "objects": .array([.object([:]), .int(3)]),
    ], path: "top")

  @Test func membersAreReadByTheirType() throws {
    let fields = Self.fields
    #expect(try fields.string("text") == "x")
    #expect(try fields.bool("flag") == true)
    #expect(try fields.int("number", in: 0...7) == 7)
    #expect(try fields.strings("list") == ["a", "b"])
    #expect(try fields.array("objects")?.count == 2)
    #expect(try fields.fields("object")?.int("inner", in: 1...1) == 1)
    #expect(try fields.parsed("text", "a word") { $0 + "!" } == "x!")
    #expect(try fields.parsedElements("list", "a word") { $0 + "!" } == ["a!", "b!"])
  }

  @Test(arguments: ["nothing", "absent"]) func nullIsAbsent(key: String) throws {
    let fields = Self.fields
    #expect(fields.value(key) == nil)
    #expect(try fields.string(key) == nil && fields.bool(key) == nil && fields.int(key, in: 0...1) == nil)
    #expect(try fields.strings(key) == nil && fields.array(key) == nil)
    #expect(try fields.objects(key)?.count == nil && fields.fields(key)?.path == nil)
    let error = #expect(throws: JSONFieldError.self) { try fields.required(key, fields.string(key)) }
    #expect(error?.kind == .missing && error?.description == "key \"top.\(key)\" is required")
  }

  struct Failure: Sendable, CustomTestStringConvertible {
    let says: String
    let kind: JSONFieldError.Kind
    let read: @Sendable (JSONFields) throws -> Void
    var testDescription: String { says }

    init(
      _ says: String, _ kind: JSONFieldError.Kind, _ read: @escaping @Sendable (JSONFields) throws -> Void
    ) {
      (self.says, self.kind, self.read) = (says, kind, read)
    }
  }

  /// The whole sentence of an error, and what makes it.
  static let failures: [Failure] = [
    Failure(#"key "top.number" with value 7 must be a string"#, .wrongType) { _ = try $0.string("number") },
    Failure(#"key "top.text" with value "x" must be true or false"#, .wrongType) { _ = try $0.bool("text") },
    Failure(#"key "top.text" with value "x" must be an integer from 0 to 9"#, .wrongType) {
      _ = try $0.int("text", in: 0...9)
    },
    Failure(#"key "top.number" with value 7 must be an integer from 8 to 9"#, .invalid) {
      _ = try $0.int("number", in: 8...9)
    },
    Failure(#"key "top.flag" with value true must be an array"#, .wrongType) { _ = try $0.strings("flag") },
    Failure(#"key "top.objects[0]" with value {} must be a string"#, .wrongType) {
      _ = try $0.strings("objects")
    },
    Failure(#"key "top.objects[1]" with value 3 must be an object"#, .wrongType) {
      _ = try $0.objects("objects")
    },
    Failure(#"key "top.list" with value ["a","b"] must be an object"#, .wrongType) {
      _ = try $0.fields("list")
    },
    Failure(#"key "top.text" with value "x" must be a count"#, .invalid) {
      _ = try $0.parsed("text", "a count") { Int($0) }
    },
    Failure(#"key "top.list[0]" with value "a" must be a count"#, .invalid) {
      _ = try $0.parsedElements("list", "a count") { Int($0) }
    },
    Failure(#"key "top.object.inner" with value 1 must be a string"#, .wrongType) {
      _ = try $0.fields("object")?.string("inner")
    },
    Failure(#"key "top.text" with value "x" is odd"#, .unsupported) {
      throw $0.error("text", "is odd", kind: .unsupported)
    },
  ]

  @Test(arguments: failures) func anErrorNamesKeyAndValue(_ failure: Failure) {
    let error = #expect(throws: JSONFieldError.self) { try failure.read(Self.fields) }
    #expect(error?.description == failure.says)
    #expect(error?.kind == failure.kind)
  }

  /// Templates write an empty text for "not set".
  @Test func anEmptyTextIsNoValue() throws {
    let fields = JSONFields(["gw": .string(""), "list": .array([.string("")])], path: "top")
    #expect(try fields.parsed("gw", "a count") { Int($0) } == nil)
    #expect(try fields.string("gw") == "")
    let error = #expect(throws: JSONFieldError.self) {
      try fields.required("gw", fields.parsed("gw", "a count") { Int($0) })
    }
    #expect(error?.description == #"key "top.gw" with value "" is required"#)
    #expect(throws: JSONFieldError.self) { try fields.parsedElements("list", "a count") { Int($0) } }
  }

  /// C strings end there, so that the kernel would get another text than was checked.
  @Test func aNULCharacterIsRefused() throws {
    let fields = JSONFields(["name": .string("evil\0.json"), "names": .array([.string("\0")])])
    for read in [
      { _ = try fields.string("name") }, { _ = try fields.parsed("name", "a word") { $0 } },
      { _ = try fields.strings("names") }, { _ = try fields.parsedElements("names", "a word") { $0 } },
    ] as [() throws -> Void] {
      let error = #expect(throws: JSONFieldError.self) { try read() }
      #expect(error?.kind == .invalid && error?.problem == "must not have a NUL character")
    }
  }

  @Test func keysAreFoundInAnyCaseOnDemand() throws {
    let object: JSONObject = [
      "Master": .string("ens6"), "IPAM": .object(["Type": .string("static")]),
      "Routes": .array([.object(["DST": .string("x")])]), "mtu": .null, "MTU": .int(1400),
    ]
    let fields = JSONFields(object, ignoringCase: true)
    #expect(try fields.string("master") == "ens6")
    #expect(try fields.fields("ipam")?.string("type") == "static")
    #expect(try fields.objects("routes")?.first?.string("dst") == "x")
    #expect(try fields.int("mtu", in: 0...9000) == 1400)
    #expect(fields.value("maste") == nil && fields.value("masters") == nil)
    #expect(JSONFields(object).value("master") == nil)
    let error = #expect(throws: JSONFieldError.self) { try fields.fields("ipam")?.bool("type") }
    #expect(error?.path == "IPAM.Type")
  }

  /// As Go reads them.
  @Test func ofKeysThatDifferInCaseTheLastCounts() throws {
    let fields = JSONFields(
      ["master": .string("ens5"), "Master": .string("ens6"), "MASTER": .null], ignoringCase: true)
    #expect(try fields.string("master") == "ens6")
    let lower = JSONFields(["NAME": .string("a"), "name": .string("b")], ignoringCase: true)
    #expect(try lower.string("name") == "b")
  }

  @Test func allTextsOfAnObjectAreReadWithTheirNames() throws {
    let fields = JSONFields(
      ["a/x": .string("1"), "A/x": .string("2"), "a/n": .null, "b": .int(3), "a/0": .string("\0")],
      path: "top", ignoringCase: true)
    let texts = try fields.texts(beginning: "A")
    #expect(texts.map(\.name) == ["A/x"] && texts.map(\.text) == ["2"])
    #expect(throws: JSONFieldError.self) { try fields.texts(beginning: "a/0") }
    let error = #expect(throws: JSONFieldError.self) { try fields.texts(beginning: "b") }
    #expect(error?.description == #"key "top.b" with value 3 must be a string"#)
    #expect(try fields.texts(beginning: "a/n").isEmpty && fields.texts(beginning: "a/x").count == 1)
  }

  /// Where the object is gone through for each element of a list, this takes minutes.
  @Test func listsInObjectsOfManyMembersTakeNoLongerThanTheirText() throws {
    let count = 20_000
    var object: JSONObject = [
      "List": .array((0..<count).map { .string("\($0)") }),
      "Objects": .array((0..<count).map { .object(["key": .int($0)]) }),
    ]
    for number in 0..<count { object["member-\(number)"] = .string("\(number)") }
    let start = MonotonicInstant.now()
    let fields = JSONFields(object, path: "top", ignoringCase: true)
    #expect(try fields.strings("list")?.count == count)
    #expect(try fields.parsedElements("list", "a count") { Int($0) }?.last == count - 1)
    #expect(try fields.objects("objects")?.last?.path == "top.Objects[\(count - 1)]")
    #expect(MonotonicInstant.now().microseconds(since: start) < 10_000_000)
  }

  @Test func theDocumentItselfHasNoPath() {
    let fields = JSONFields(["a": .int(1)])
    #expect(fields.path(of: "a") == "a")
    #expect(fields.error("a", "is odd").description == "key \"a\" with value 1 is odd")
  }

  @Test func longValuesAreCut() {
    let long = JSONValue.string(String(repeating: "é", count: 500))
    let error = JSONFieldError(path: "a", value: long, problem: "is long")
    #expect(error.value?.count == 120 && error.value?.hasSuffix("...") ?? false)
  }
}
