/// A member of a configuration that is missing, of the wrong type or out of bounds.
public struct JSONFieldError: Error, Sendable, Hashable, CustomStringConvertible {
  /// In which way a member is wrong.
  public enum Kind: Sendable, Hashable {
    /// It is required and absent.
    case missing
    /// It is not of the JSON type that is expected.
    case wrongType
    /// It is none of the values that are known.
    case unsupported
    /// It has the right type and cannot be used.
    case invalid
  }

  /// In which way the member is wrong.
  public let kind: Kind
  /// Where: `ipam.addresses[0].address`.
  public let path: String
  /// What was written there, as JSON; `nil` when nothing was.
  public let value: String?
  /// What is wrong with it, as the end of a sentence: "must be a string".
  public let problem: String

  /// Describes a fault; long values are cut so that a message stays readable.
  public init(_ kind: Kind = .invalid, path: String, value: JSONValue?, problem: String) {
    self.kind = kind
    self.path = path
    self.value = value.map { value in
      let text = String(decoding: value.serialized(), as: UTF8.self)
      // Not its length, for which all of it would be looked at.
      return text.prefix(121).count > 120 ? text.prefix(117) + "..." : text
    }
    self.problem = problem
  }

  /// The sentence that people read.
  public var description: String {
    value.map { "key \"\(path)\" with value \($0) \(problem)" } ?? "key \"\(path)\" \(problem)"
  }
}

/// Typed, checked access to the members of an object, whose errors name key and value.
///
/// `null` counts as absent, as it does for every other reader of CNI configurations, and so does an empty text where
/// a text stands for another value: templates write `"gateway": ""` for "not set".
public struct JSONFields: Sendable {
  /// The object that is read.
  public let object: JSONObject
  /// The path of the object in its document; empty for the document itself.
  public let path: String

  /// Whether `Master` is the key `master`.
  private let ignoresCase: Bool

  /// A view of `object`, which lies at `path` in its document.
  ///
  /// - Parameter ignoringCase: takes keys for the same that differ in the case of ASCII letters only; the last one
  ///   counts. So does the JSON reader of the Go library, with which every other CNI program reads.
  public init(_ object: JSONObject, path: String = "", ignoringCase: Bool = false) {
    self.object = object
    self.path = path
    ignoresCase = ignoringCase
  }

  /// The path of a member, its key as it is written there.
  public func path(of key: String) -> String {
    let written = ignoresCase ? member(key)?.name ?? key : key
    return path.isEmpty ? written : "\(path).\(written)"
  }

  /// The member's value, `nil` when it is absent or `null`.
  public func value(_ key: String) -> JSONValue? {
    if ignoresCase { return member(key)?.value }
    let value = object[key]
    return value == .null ? nil : value
  }

  private func member(_ key: String) -> (name: String, value: JSONValue)? {
    object.members.last { name, value in
      if case .null = value { return false }
      return Self.isSame(name.utf8, key.utf8)
    }
  }

  private static func isSame(_ left: String.UTF8View, _ right: String.UTF8View) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { lowercase($0) == lowercase($1) }
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte | 0x20 : byte }

  /// An error about the member `key`: `fields.error("mode", "must be l2, l3 or l3s")`.
  public func error(
    _ key: String, _ problem: String, kind: JSONFieldError.Kind = .invalid
  ) -> JSONFieldError {
    JSONFieldError(kind, path: path(of: key), value: value(key), problem: problem)
  }

  /// Refuses members that nobody reads: what was meant by them would not happen, in silence.
  /// - Throws: ``JSONFieldError`` for the first.
  public func refuseUnknownKeys(known: [String]) throws(JSONFieldError) {
    for (key, value) in object.members where !isKnown(key, known) {
      throw JSONFieldError(
        path: path(of: key), value: value,
        problem: "is not known; the keys are: \(known.joined(separator: ", "))")
    }
  }

  /// Whether a key, as it is written, is read as one of the known ones.
  public func isKnown(_ key: String, _ known: [String]) -> Bool {
    known.contains { ignoresCase ? Self.isSame($0.utf8, key.utf8) : $0 == key }
  }

  /// A string.
  public func string(_ key: String) throws(JSONFieldError) -> String? {
    try text(key, Self.noString)
  }

  /// The path of a file or directory; an empty one counts as missing, and a relative one is refused: nobody knows in which
  /// directory a runtime calls a plugin.
  public func absolutePath(_ key: String) throws(JSONFieldError) -> String? {
    guard let path = try string(key), !path.isEmpty else { return nil }
    guard path.utf8.first == UInt8(ascii: "/") else { throw error(key, "must be an absolute path") }
    return path
  }

  /// `true` or `false`.
  public func bool(_ key: String) throws(JSONFieldError) -> Bool? {
    try read(key, "must be true or false") { $0.bool }
  }

  /// An integer within bounds.
  public func int(_ key: String, in bounds: ClosedRange<Int>) throws(JSONFieldError) -> Int? {
    let problem = "must be an integer from \(bounds.lowerBound) to \(bounds.upperBound)"
    guard let number = try read(key, problem, { $0.int }) else { return nil }
    guard bounds.contains(number) else { throw error(key, problem) }
    return number
  }

  /// A nested object, ready to be read the same way.
  public func fields(_ key: String) throws(JSONFieldError) -> JSONFields? {
    try read(key, "must be an object") { $0.object }.map {
      JSONFields($0, path: path(of: key), ignoringCase: ignoresCase)
    }
  }

  /// The members whose names begin so, as they are written there; each must be a string.
  ///
  /// They are gone through once. Who looks each up by its name goes through all of them for each.
  public func texts(
    beginning prefix: String = ""
  ) throws(JSONFieldError) -> [(name: String, text: String)] {
    var texts: [(name: String, text: String)] = []
    for (name, value) in object.members where name.utf8.starts(with: prefix.utf8) {
      if case .null = value { continue }
      let isText = value.string != nil
      guard let text = value.string, !text.utf8.contains(0) else {
        throw JSONFieldError(
          isText ? .invalid : .wrongType, path: path.isEmpty ? name : "\(path).\(name)", value: value,
          problem: isText ? Self.noNUL : Self.noString)
      }
      texts.append((name, text))
    }
    return texts
  }

  /// An array of any values.
  public func array(_ key: String) throws(JSONFieldError) -> [JSONValue]? {
    try read(key, "must be an array") { $0.array }
  }

  /// An array of strings.
  public func strings(_ key: String) throws(JSONFieldError) -> [String]? {
    try elements(key, Self.noString) { element, _ in element.string }
  }

  /// An array of objects.
  public func objects(_ key: String) throws(JSONFieldError) -> [JSONFields]? {
    try elements(key, "must be an object") { element, path in
      element.object.map { JSONFields($0, path: path, ignoringCase: ignoresCase) }
    }
  }

  /// A string that `parse` turns into a value, such as an address: `expected` completes "must be ...".
  ///
  /// - Returns: `nil` also for an empty text.
  public func parsed<Value>(
    _ key: String, _ expected: String, _ parse: (String) -> Value?
  ) throws(JSONFieldError) -> Value? {
    guard let text = try text(key, "must be \(expected)"), !text.isEmpty else { return nil }
    guard let value = parse(text) else { throw error(key, "must be \(expected)") }
    return value
  }

  /// An array of strings, each turned into a value by `parse`.
  public func parsedElements<Value>(
    _ key: String, _ expected: String, _ parse: (String) -> Value?
  ) throws(JSONFieldError) -> [Value]? {
    try elements(key, "must be \(expected)") { element, _ in element.string.flatMap(parse) }
  }

  /// The value, or an error that says that the key is required.
  public func required<Value>(_ key: String, _ value: Value?) throws(JSONFieldError) -> Value {
    guard let value else {
      throw error(key, "is required", kind: .missing)
    }
    return value
  }

  private func text(_ key: String, _ problem: String) throws(JSONFieldError) -> String? {
    guard let text = try read(key, problem, { $0.string }) else { return nil }
    guard !text.utf8.contains(0) else { throw error(key, Self.noNUL) }
    return text
  }

  /// C strings end there: the kernel and the shell would see another, shorter text.
  private static let noNUL = "must not have a NUL character"
  private static let noString = "must be a string"

  private func read<Value>(
    _ key: String, _ problem: String, _ convert: (JSONValue) -> Value?
  ) throws(JSONFieldError) -> Value? {
    guard let value = value(key) else { return nil }
    guard let converted = convert(value) else { throw error(key, problem, kind: .wrongType) }
    return converted
  }

  private func elements<Value>(
    _ key: String, _ problem: String, _ convert: (JSONValue, String) -> Value?
  ) throws(JSONFieldError) -> [Value]? {
    guard let array = try array(key) else { return nil }
    var converted: [Value] = []
    // Once: it goes through all members.
    let list = array.isEmpty ? "" : path(of: key)
    for (index, element) in array.enumerated() {
      let path = "\(list)[\(index)]"
      if let text = element.string, text.utf8.contains(0) {
        throw JSONFieldError(path: path, value: element, problem: Self.noNUL)
      }
      guard let value = convert(element, path) else {
        let isString = element.string != nil
        throw JSONFieldError(isString ? .invalid : .wrongType, path: path, value: element, problem: problem)
      }
      converted.append(value)
    }
    return converted
  }
}
