/// An object with all of its fields, for kinds that have no Swift type, and for those whose objects must come through
/// unchanged.
public struct UnstructuredObject: KubernetesObject, Hashable {
  /// The members but `metadata`: `spec`, `status`, and what else the kind has.
  public var fields: [String: FieldValue]
  /// Name, namespace, identity and version.
  public var metadata: ObjectMetadata

  /// An object to be made.
  public init(metadata: ObjectMetadata, fields: [String: FieldValue] = [:]) {
    self.metadata = metadata
    self.fields = fields
  }

  /// A member: `object["spec"]`.
  public subscript(member: String) -> FieldValue? {
    get { fields[member] }
    set { fields[member] = newValue }
  }

  /// Reads the members as they are.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    metadata = try container.decodeIfPresent(ObjectMetadata.self, forKey: .metadata) ?? ObjectMetadata()
    fields = [:]
    for name in container.allKeys where name.stringValue != Name.metadata.stringValue {
      fields[name.stringValue] = try container.decode(FieldValue.self, forKey: name)
    }
  }

  /// Writes the members as they are.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    for (name, value) in fields { try container.encode(value, forKey: Name(stringValue: name)) }
    try container.encode(metadata, forKey: .metadata)
  }

  private struct Name: CodingKey {
    static let metadata = Name(stringValue: "metadata")

    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
