package import JSON

/// One Kubernetes object of a document, as kubectl takes it: lists are taken apart, whatever they are in.
package struct KubernetesObject: Sendable {
  /// Its members, with their path in the document.
  package let fields: JSONFields

  /// An object of these members.
  package init(fields: JSONFields) { self.fields = fields }

  /// `kind`; `nil` for what is no object of Kubernetes.
  package var kind: String? { fields.object["kind"]?.string }

  /// Checks `apiVersion` by its group: versions of one group have the same fields.
  /// - Throws: ``JSONFieldError`` for another group, or none.
  package func requireGroup(_ group: String, version: String) throws(JSONFieldError) {
    let text = try fields.required("apiVersion", fields.string("apiVersion"))
    guard text.hasPrefix("\(group)/") else { throw fields.error("apiVersion", "must be \(group)/\(version)") }
  }

  /// Refuses members beside those that every object has: what stands one level too high or has a typing error in
  /// its name says nothing to anybody, and was meant to say something.
  /// - Throws: ``JSONFieldError`` for the first.
  package func refuseUnknownKeys() throws(JSONFieldError) {
    try fields.refuseUnknownKeys(known: ["apiVersion", "kind", "metadata", "spec", "status"])
    try fields.fields("metadata")?.refuseUnknownKeys(known: Self.metadataKeys)
  }

  /// Of ObjectMeta.
  private static let metadataKeys = [
    "name", "namespace", "labels", "annotations", "generateName", "uid", "resourceVersion", "generation",
    "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "finalizers", "ownerReferences",
    "managedFields", "selfLink",
  ]

  /// `metadata.name`, as Kubernetes takes it (RFC 1123 subdomain).
  /// - Throws: ``JSONFieldError`` for another name, or none.
  package func name() throws(JSONFieldError) -> String {
    let metadata = try fields.required("metadata", fields.fields("metadata"))
    return try Self.checked(try metadata.required("name", metadata.string("name")), "name", metadata)
  }

  /// `metadata.namespace`, without one `default`.
  /// - Throws: ``JSONFieldError`` for what is no name.
  package func namespace() throws(JSONFieldError) -> String {
    guard let metadata = try fields.fields("metadata"), let name = try metadata.string("namespace") else {
      return "default"
    }
    return try Self.checked(name, "namespace", metadata)
  }

  /// An annotation of the object.
  /// - Throws: ``JSONFieldError`` for one that is no text.
  package func annotation(_ name: String) throws(JSONFieldError) -> String? {
    try fields.fields("metadata")?.fields("annotations")?.string(name)
  }

  private static func checked(
    _ name: String, _ key: String, _ metadata: JSONFields
  ) throws(JSONFieldError) -> String {
    guard !zip(name.utf8, name.utf8.dropFirst()).contains(where: { $0 == 0x24 && $1 == 0x7B }) else {
      throw metadata.error(key, "has a shell variable: pass the document through the shell or envsubst first")
    }
    guard ObjectName.hasFittingCharacters(name) else { throw metadata.error(key, ObjectName.rule) }
    return name
  }
}

extension YAMLDocument {
  /// The objects of the document, in their order. A failure names the place of a value that is no object.
  package var objects: [Result<KubernetesObject, JSONFieldError>] {
    guard let object = value.object else {
      return [
        .failure(
          JSONFieldError(
            .wrongType, path: "document", value: value, problem: "must be an object such as a SpiderIPPool"))
      ]
    }
    return Self.objects(JSONFields(object))
  }

  /// A list may lie in a list; a document is not nested without end.
  private static func objects(_ fields: JSONFields) -> [Result<KubernetesObject, JSONFieldError>] {
    let kind = fields.object["kind"]?.string ?? ""
    guard kind == "List" || (kind.hasSuffix("List") && fields.object["items"] != nil) else {
      return [.success(KubernetesObject(fields: fields))]
    }
    let items: [JSONFields]
    do throws(JSONFieldError) {
      try fields.refuseUnknownKeys(known: ["apiVersion", "kind", "metadata", "items"])
      if fields.object["items"] == nil { _ = try fields.required("items", fields.array("items")) }
      items = (try fields.array("items") ?? []).enumerated().map { index, item in
        // A value that is no object has no members. Who asks for them reports that.
        JSONFields(item.object ?? [:], path: "\(fields.path(of: "items"))[\(index)]")
      }
    } catch {
      return [.failure(error)]
    }
    return items.flatMap { objects(typed($0, by: kind, fields.object["apiVersion"])) }
  }

  /// The API server writes the kind of the items of a SpiderIPPoolList once, in the list.
  private static func typed(_ item: JSONFields, by kind: String, _ version: JSONValue?) -> JSONFields {
    guard kind != "List", item.object["kind"] == nil, !item.object.members.isEmpty else { return item }
    var object = item.object
    object["kind"] = .string(String(kind.dropLast("List".count)))
    if object["apiVersion"] == nil { object["apiVersion"] = version }
    return JSONFields(object, path: item.path)
  }
}

extension JSONFields {
  /// `true` or `false`, also in the words of YAML 1.1, which kubectl takes: yes, no, on, off.
  package func flag(_ key: String) throws(JSONFieldError) -> Bool? {
    switch value(key)?.string {
    case "yes", "Yes", "YES", "on", "On", "ON": true
    case "no", "No", "NO", "off", "Off", "OFF": false
    default: try bool(key)
    }
  }
}
