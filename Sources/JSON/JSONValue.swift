/// A JSON value (RFC 8259).
///
/// A reader of our own, since the plugin starts for every pod: Foundation's costs 6 MB and half a
/// millisecond at each start (README, "Dependencies").
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number as it is written, so that what passes through keeps every digit.
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// An integer value.
  public static func int(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

  /// The text, when the value is a string.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The truth value, when the value is one.
  public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }

  /// The integer, when the value is a number without fraction that fits.
  public var int: Int? { if case .number(let number) = self { number.int } else { nil } }

  /// The elements, when the value is an array.
  public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The members, when the value is an object.
  public var object: JSONObject? { if case .object(let members) = self { members } else { nil } }

  /// What kind of value this is, in the words of an error message: "a string", "an object".
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// A number in its written form.
public struct JSONNumber: Sendable, Hashable {
  /// The characters of the number, as RFC 8259 allows them.
  public let text: String

  /// An integer in decimal.
  public init(_ value: Int) { text = String(value) }

  init(text: String) { self.text = text }

  /// The value, when it is an integer that fits; `1.0` and `1e3` are not written as integers.
  public var int: Int? { Int(text) }
}
