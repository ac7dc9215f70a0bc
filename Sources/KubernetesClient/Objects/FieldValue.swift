/// Any JSON value: what an object holds that no Swift type describes, and the body of a patch.
public enum FieldValue: Sendable, Hashable {
  /// In a merge patch, the removal of a member.
  case null
  case bool(Bool)
  case integer(Int64)
  case double(Double)
  case string(String)
  case array([FieldValue])
  case object([String: FieldValue])

  /// The text, when the value is a string.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The truth value, when the value is one.
  public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }

  /// The number, when the value is an integer.
  public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }

  /// The elements, when the value is an array.
  public var array: [FieldValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The members, when the value is an object.
  public var object: [String: FieldValue]? { if case .object(let members) = self { members } else { nil } }

  /// A member of an object; `nil` when it is absent or this is no object. Setting a member of what is no object makes
  /// it one.
  public subscript(member: String) -> FieldValue? {
    get { object?[member] }
    set {
      var members = object ?? [:]
      members[member] = newValue
      self = .object(members)
    }
  }
}

extension FieldValue: Codable {
  /// Reads a value of whatever kind is there.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let flag = try? container.decode(Bool.self) {
      self = .bool(flag)
    } else if let number = try? container.decode(Int64.self) {
      self = .integer(number)
    } else if let number = try? container.decode(Double.self) {
      self = .double(number)
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let elements = try? container.decode([FieldValue].self) {
      self = .array(elements)
    } else {
      self = .object(try container.decode([String: FieldValue].self))
    }
  }

  /// Writes the value as what it is.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let flag): try container.encode(flag)
    case .integer(let number): try container.encode(number)
    case .double(let number): try container.encode(number)
    case .string(let text): try container.encode(text)
    case .array(let elements): try container.encode(elements)
    case .object(let members): try container.encode(members)
    }
  }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An integer.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// An array.
  public init(arrayLiteral elements: FieldValue...) { self = .array(elements) }
  /// An object; of a name that is given twice the last value stays.
  public init(dictionaryLiteral elements: (String, FieldValue)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }
}
