package import JSON
package import KubernetesClient

extension JSONValue {
  /// A value of the API as the parsers take it. Members are sorted by their names: equal values give equal texts.
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
  /// An object as a document of its collection, for the parsers of documents: without its status, which is somebody else's
  /// business, and with what lists of some servers say once for all of their items.
  package init(document object: UnstructuredObject, of collection: Resources.Collection) {
    self.init(object.fields)
    self["status"] = nil
    if self["kind"] == nil { self["kind"] = .string(collection.kind) }
    if self["apiVersion"] == nil { self["apiVersion"] = .string(collection.apiVersion) }
  }

  package init(_ members: [String: FieldValue]) {
    self.init()
    for (name, value) in members.sorted(by: { $0.key < $1.key }) { self[name] = JSONValue(value) }
  }
}

extension FieldValue {
  /// A number of addresses: a pool of IPv6 may have more of them than the API has numbers.
  package init(count: UInt128) { self = .integer(Int64(min(count, UInt128(Int64.max)))) }
}
