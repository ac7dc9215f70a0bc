public import JSON

/// What the API server knows of a pod and an allocator needs: what `ipvlan-agent` keeps of each pod of its node.
public struct PodRecord: Sendable, Hashable {
  /// The pod's namespace.
  public let namespace: String
  /// The pod's name.
  public let name: String
  /// The pod's labels.
  public var labels: [String: String] = [:]
  /// Those of the pod's annotations that networks and pools are chosen by.
  public var annotations: [String: String] = [:]
  /// The labels of the pod's namespace.
  public var namespaceLabels: [String: String] = [:]
  /// Why nothing else is said of the pod; `nil` when all is.
  public var problem: String?

  /// A pod of which nothing is known yet.
  public init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  /// Reads what ``json`` writes.
  /// - Throws: ``JSONFieldError`` for a member that is missing or of the wrong type.
  public init(_ fields: JSONFields) throws(JSONFieldError) {
    namespace = try fields.required("namespace", fields.string("namespace"))
    name = try fields.required("name", fields.string("name"))
    problem = try fields.string("problem")
    guard problem == nil else { return }
    labels = try Self.texts(fields, "labels")
    annotations = try Self.texts(fields, "annotations")
    namespaceLabels = try Self.texts(fields, "namespaceLabels")
  }

  private static func texts(
    _ fields: JSONFields, _ key: String
  ) throws(JSONFieldError) -> [String: String] {
    let members = try fields.required(key, fields.fields(key))
    var texts: [String: String] = [:]
    for (name, text) in try members.texts() { texts[name] = text }
    return texts
  }

  /// The record as the file has it. Equal records give equal texts.
  public var json: JSONObject {
    var object: JSONObject = ["namespace": .string(namespace), "name": .string(name)]
    if let problem {
      object["problem"] = .string(problem)
    } else {
      object["labels"] = Self.json(labels)
      object["annotations"] = Self.json(annotations)
      object["namespaceLabels"] = Self.json(namespaceLabels)
    }
    return object
  }

  private static func json(_ texts: [String: String]) -> JSONValue {
    var object = JSONObject()
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) { object[name] = .string(text) }
    return .object(object)
  }
}

extension AllocationRequest {
  /// Takes over what is known of the pod. The annotations that the runtime has handed on are the same, and stay.
  public mutating func learn(_ record: PodRecord) {
    self.record = record
    guard !annotationsAreKnown else { return }
    annotationsAreKnown = true
    for (name, text) in record.annotations { annotations.add(name, text) }
  }
}
