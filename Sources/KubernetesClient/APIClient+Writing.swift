internal import NIOHTTP1

extension APIClient {
  /// Makes an object. It lies in the namespace that its metadata names.
  ///
  /// - Returns: the object as the server keeps it, with uid, version and defaults.
  /// - Throws: ``KubernetesError``, of the kind ``KubernetesError/Kind/alreadyExists`` when the name is taken.
  public func create<Object>(
    _ resource: Resource<Object>, _ object: Object
  ) async throws(KubernetesError) -> Object {
    let metadata = object.metadata
    let name = metadata.name ?? metadata.generateName ?? ""
    let action = "create \(resource.subject(namespace: metadata.namespace, name: name))"
    let request = APIRequest(
      method: .POST, path: resource.path(namespace: metadata.namespace),
      body: try encode(Envelope(resource, object), action: action), action: action)
    return try decode(Object.self, request, try await send(request))
  }

  /// Puts an object in the place of the one of its name. Fields that the Swift type does not know are lost.
  ///
  /// With `metadata.resourceVersion` the server refuses (``KubernetesError/Kind/conflict``) when the object has changed
  /// since that version. Custom resources cannot be replaced without it.
  public func replace<Object>(
    _ resource: Resource<Object>, _ object: Object, subresource: Subresource = .none
  ) async throws(KubernetesError) -> Object {
    let metadata = object.metadata
    guard let name = metadata.name else {
      throw KubernetesError(
        .unencodable, action: "replace \(resource.qualifiedName)", problem: "it has no name")
    }
    let action =
      "replace \(resource.subject(namespace: metadata.namespace, name: name, subresource: subresource))"
    let request = APIRequest(
      method: .PUT, path: resource.path(namespace: metadata.namespace, name: name, subresource: subresource),
      body: try encode(Envelope(resource, object), action: action), action: action)
    return try decode(Object.self, request, try await send(request))
  }

  /// Changes the members that `patch` has and removes those that are `null` in it (RFC 7396); all others stay.
  ///
  /// A `metadata.resourceVersion` or `metadata.uid` in the patch is a condition: when the object has another, the server
  /// refuses with ``KubernetesError/Kind/conflict`` for the version, and ``KubernetesError/Kind/invalid`` for the uid.
  public func mergePatch<Object>(
    _ resource: Resource<Object>, _ name: String, namespace: String? = nil, subresource: Subresource = .none,
    patch: some Encodable
  ) async throws(KubernetesError) -> Object {
    let action = "change \(resource.subject(namespace: namespace, name: name, subresource: subresource))"
    let request = APIRequest(
      method: .PATCH, path: resource.path(namespace: namespace, name: name, subresource: subresource),
      contentType: "application/merge-patch+json", body: try encode(patch, action: action), action: action)
    return try decode(Object.self, request, try await send(request))
  }

  /// Server-side apply: says which fields this manager wants, with their values. The object is made when there is none.
  ///
  /// Fields that the manager applied before and leaves out now are removed. A field that another manager owns is a
  /// ``KubernetesError/Kind/conflict`` unless `force` takes it over.
  public func apply<Object>(
    _ resource: Resource<Object>, _ object: Object, manager: String, force: Bool = false,
    subresource: Subresource = .none
  ) async throws(KubernetesError) -> Object {
    let metadata = object.metadata
    guard let name = metadata.name else {
      throw KubernetesError(
        .unencodable, action: "apply \(resource.qualifiedName)", problem: "it has no name")
    }
    let action =
      "apply \(resource.subject(namespace: metadata.namespace, name: name, subresource: subresource))"
    // JSON is YAML.
    let request = APIRequest(
      method: .PATCH,
      path: resource.path(namespace: metadata.namespace, name: name, subresource: subresource),
      query: [("fieldManager", manager), ("force", force ? "true" : "false")],
      contentType: "application/apply-patch+yaml",
      body: try encode(Envelope(resource, object), action: action),
      action: action)
    return try decode(Object.self, request, try await send(request))
  }

  /// Asks for the deletion of an object. One with finalizers stays, with a `deletionTimestamp`, until they are gone.
  ///
  /// - Parameter preconditions: the server deletes only the object that they describe, else
  ///   ``KubernetesError/Kind/conflict``. A uid is what keeps a later object of the same name alive.
  public func delete<Object>(
    _ resource: Resource<Object>, _ name: String, namespace: String? = nil,
    preconditions: DeletePreconditions = DeletePreconditions(), propagation: DeletePropagation = .background
  ) async throws(KubernetesError) {
    let action = "delete \(resource.subject(namespace: namespace, name: name))"
    let options = DeleteOptions(
      preconditions: preconditions.isEmpty ? nil : preconditions, propagationPolicy: propagation.rawValue)
    let request = APIRequest(
      method: .DELETE, path: resource.path(namespace: namespace, name: name),
      body: try encode(options, action: action), action: action)
    _ = try await send(request)
  }
}

/// Which object is meant by a deletion.
public struct DeletePreconditions: Encodable, Sendable, Hashable {
  /// The identity that the object must have.
  public var uid: String?
  /// The version that the object must have.
  public var resourceVersion: String?

  /// What the object must have; `nil` for any.
  public init(uid: String? = nil, resourceVersion: String? = nil) {
    self.uid = uid
    self.resourceVersion = resourceVersion
  }

  var isEmpty: Bool { uid == nil && resourceVersion == nil }
}

/// What becomes of the objects that the deleted one owns.
public enum DeletePropagation: String, Sendable, Hashable {
  /// They are deleted afterwards.
  case background = "Background"
  /// They are deleted first; the owner stays until then.
  case foreground = "Foreground"
  /// They stay.
  case orphan = "Orphan"
}

private struct DeleteOptions: Encodable {
  let apiVersion = "v1"
  let kind = "DeleteOptions"
  let preconditions: DeletePreconditions?
  let propagationPolicy: String
}

/// An object with the two members that tell the server what it is.
private struct Envelope<Object: KubernetesObject>: Encodable {
  let apiVersion: String
  let kind: String
  let object: Object

  init(_ resource: Resource<Object>, _ object: Object) {
    apiVersion = resource.apiVersion
    kind = resource.kind
    self.object = object
  }

  enum CodingKeys: CodingKey { case apiVersion, kind }

  func encode(to encoder: any Encoder) throws {
    try object.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(apiVersion, forKey: .apiVersion)
    try container.encode(kind, forKey: .kind)
  }
}
