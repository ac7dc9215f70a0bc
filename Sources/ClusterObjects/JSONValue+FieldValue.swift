package import JSON
package import KubernetesClient

extension JSONValue {
  /// A value of the API as the parsers take it. Members are sorted by their names: what is equal is written equally.
  package init(_ value: FieldValue) {
    switch value {
    case .null: self = .null
    case .bool(let flag): self = .bool(flag)
    case .integer(let number): self = .int(Int(number))
    // What is no JSON cannot have come as JSON.
    case .double(let number): self = (try? JSONValue(parsing: Array("\(number)".utf8))) ?? .null
    case .string(let text): self = .string(text)
    case .array(let elements): self = .array(elements.map { JSONValue($0) })
    case .object(let members): self = .object(JSONObject(members))
    }
  }
}

extension JSONObject {
  package init(_ members: [String: FieldValue]) {
    self.init()
    for (name, value) in members.sorted(by: { $0.key < $1.key }) { self[name] = JSONValue(value) }
  }
}
