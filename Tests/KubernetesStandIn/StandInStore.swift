import KubernetesClient

/// Objects with versions and history, as an API server keeps them: as much of its behaviour as the probes look at.
actor StandInStore {
  /// A collection, which has to be declared before it exists.
  struct Collection: Hashable, Sendable {
    var group: String
    var version: String
    var plural: String
    var kind: String
    var hasStatus: Bool
    var isCustom: Bool
  }

  struct Change: Sendable {
    enum Kind: String, Sendable { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED" }
    var kind: Kind
    var version: Int
    var object: FieldValue
    /// The state before, by which a watch with a selector knows what has left it.
    var before: FieldValue?
  }

  /// A refusal, as the server words it.
  struct UserError: Error {
    var code: Int
    var reason: String
    var message: String
    var causes: [FieldValue] = []
  }

  private var collections: [String: Collection] = [:]
  private var objects: [String: [ObjectKey: FieldValue]] = [:]
  private var history: [String: [Change]] = [:]
  /// Who applied which field of which object.
  private var owners: [String: [ObjectKey: [[String]: String]]] = [:]
  /// Lists that are read in pages stay at the state of their first page.
  private var pages: [String: (list: [FieldValue], version: Int)] = [:]
  private(set) var version = 100
  private var oldest = 100
  private var epoch = 0
  private var nextID = 0

  func declare(_ collection: Collection) {
    let path = collection.group.isEmpty ? "/api" : "/apis/\(collection.group)"
    collections["\(path)/\(collection.version)/\(collection.plural)"] = collection
  }

  func collection(_ path: String) throws(UserError) -> Collection {
    guard let found = collections[path] else {
      throw UserError(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource")
    }
    return found
  }

  // MARK: Reading

  func get(_ path: String, _ key: ObjectKey) throws(UserError) -> FieldValue {
    guard let object = objects[path]?[key] else { throw notFound(path, key) }
    return object
  }

  func list(
    _ path: String, namespace: String?, selects: (FieldValue) -> Bool, limit: Int?, continuation: String?
  ) throws(UserError) -> FieldValue {
    let collection = try collection(path)
    var all: [FieldValue]
    var version = version
    if let continuation {
      guard let page = pages.removeValue(forKey: continuation) else {
        throw UserError(
          code: 410, reason: "Expired",
          message: "The provided continue parameter is too old to display a consistent list")
      }
      (all, version) = page
    } else {
      all = (objects[path] ?? [:]).filter { namespace == nil || $0.key.namespace == namespace }
        .sorted { $0.key < $1.key }.map(\.value).filter(selects)
    }
    var metadata: FieldValue = ["resourceVersion": .string(String(version))]
    if let limit, limit > 0, all.count > limit {
      nextID += 1
      let token = "page-\(nextID)"
      pages[token] = (Array(all.dropFirst(limit)), version)
      metadata["continue"] = .string(token)
      metadata["remainingItemCount"] = .integer(Int64(all.count - limit))
      all = Array(all.prefix(limit))
    }
    return [
      "kind": .string("\(collection.kind)List"), "apiVersion": .string(apiVersion(collection)),
      "metadata": metadata,
      "items": .array(all),
    ]
  }

  // MARK: Writing

  func create(_ path: String, namespace: String?, _ body: FieldValue) throws(UserError) -> FieldValue {
    let collection = try collection(path)
    var object = body
    guard let name = object["metadata"]?["name"]?.string, !name.isEmpty else {
      throw UserError(
        code: 422, reason: "Invalid", message: "\(collection.kind) is invalid: metadata.name: Required value")
    }
    let key = ObjectKey(namespace: namespace, name: name)
    guard objects[path]?[key] == nil else {
      throw UserError(
        code: 409, reason: "AlreadyExists", message: "\(qualifiedName(collection)) \"\(name)\" already exists"
      )
    }
    nextID += 1
    object["metadata"]?["uid"] = .string("00000000-0000-0000-0000-\(nextID)")
    object["metadata"]?["creationTimestamp"] = .string(Timestamp.now().inSeconds.description)
    object["metadata"]?["generation"] = 1
    if let namespace { object["metadata"]?["namespace"] = .string(namespace) }
    if collection.hasStatus { object["status"] = nil }
    return store(path, key, .added, object)
  }

  func replace(
    _ path: String, _ key: ObjectKey, status: Bool, _ body: FieldValue
  ) throws(UserError) -> FieldValue {
    let collection = try collection(path)
    let old = try get(path, key)
    let version = body["metadata"]?["resourceVersion"]?.string ?? ""
    if version.isEmpty, collection.isCustom {
      throw UserError(
        code: 422, reason: "Invalid",
        message:
          "\(collection.kind) \"\(key.name)\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be"
          + " specified for an update")
    }
    return try update(path, key, collection, old, body, status: status)
  }

  func patch(_ path: String, _ key: ObjectKey, status: Bool, _ patch: FieldValue) throws(UserError)
    -> FieldValue
  {
    let collection = try collection(path)
    let old = try get(path, key)
    if let wanted = patch["metadata"]?["uid"]?.string, wanted != old["metadata"]?["uid"]?.string {
      throw UserError(
        code: 422, reason: "Invalid",
        message:
          "\(collection.kind) \"\(key.name)\" is invalid: metadata.uid: Invalid value: \"\(wanted)\": field is immutable"
      )
    }
    return try update(path, key, collection, old, merged(old, patch), status: status)
  }

  func apply(
    _ path: String, _ key: ObjectKey, status: Bool, manager: String, force: Bool, _ body: FieldValue
  ) throws(UserError) -> (object: FieldValue, isNew: Bool) {
    let collection = try collection(path)
    var body = body
    if collection.hasStatus, !status { body["status"] = nil }
    let wanted = leaves(body).filter { !Self.identity.contains($0.key) }
    guard let old = objects[path]?[key] else {
      if status { throw notFound(path, key) }
      let made = try create(path, namespace: key.namespace, body)
      owners[path, default: [:]][key] = wanted.mapValues { _ in manager }
      return (made, true)
    }
    var owned = owners[path]?[key] ?? [:]
    let present = leaves(old)
    let conflicts = wanted.filter {
      owned[$0.key].map { $0 != manager } ?? false && present[$0.key] != $0.value
    }
    if !conflicts.isEmpty, !force {
      let path = conflicts.keys.map { $0.joined(separator: ".") }.sorted()
      throw UserError(
        code: 409, reason: "Conflict",
        message: "Apply failed with \(path.count) conflict: conflict with another manager: .\(path[0])")
    }
    var patch = body
    for (leaf, owner) in owned where owner == manager && wanted[leaf] == nil && leaf.first != "metadata" {
      patch = setting(patch, leaf, .null)
      owned[leaf] = nil
    }
    for leaf in wanted.keys { owned[leaf] = manager }
    let new = try update(path, key, collection, old, merged(old, patch), status: status)
    owners[path, default: [:]][key] = owned
    return (new, false)
  }

  func delete(_ path: String, _ key: ObjectKey, uid: String?, version: String?) throws(UserError)
    -> FieldValue
  {
    var object = try get(path, key)
    for (name, wanted) in [("uid", uid), ("resourceVersion", version)] {
      let present = object["metadata"]?[name]?.string
      if let wanted, present != wanted {
        throw UserError(
          code: 409, reason: "Conflict",
          message:
            "Operation cannot be fulfilled: Precondition failed: \(name) in precondition: \(wanted), \(name) in"
            + " object meta: \(present ?? "")")
      }
    }
    if object["metadata"]?["finalizers"]?.array?.isEmpty ?? true { return remove(path, key, object) }
    if object["metadata"]?["deletionTimestamp"] == nil {
      object["metadata"]?["deletionTimestamp"] = .string(Timestamp.now().inSeconds.description)
      let generation = object["metadata"]?["generation"]?.integer ?? 1
      object["metadata"]?["generation"] = .integer(generation + 1)
      object = store(path, key, .modified, object)
    }
    return object
  }

  private func update(
    _ path: String, _ key: ObjectKey, _ collection: Collection, _ old: FieldValue, _ body: FieldValue,
    status: Bool
  ) throws(UserError) -> FieldValue {
    guard !status || collection.hasStatus else {
      throw UserError(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource")
    }
    for name in ["resourceVersion", "uid"] {
      if let wanted = body["metadata"]?[name]?.string, !wanted.isEmpty,
        wanted != old["metadata"]?[name]?.string
      {
        throw UserError(
          code: 409, reason: "Conflict",
          message:
            "Operation cannot be fulfilled on \(qualifiedName(collection)) \"\(key.name)\": the object has been"
            + " modified; please apply your changes to the latest version and try again")
      }
    }
    var new = body
    if collection.hasStatus {
      if status {
        new = old
        new["status"] = body["status"]
        if let metadata = body["metadata"]?["annotations"], !collection.isCustom {
          new["metadata"]?["annotations"] = metadata
        }
      } else {
        new["status"] = old["status"]
      }
    }
    new["apiVersion"] = old["apiVersion"]
    new["kind"] = old["kind"]
    // What the server decides stays as it is.
    for name in [
      "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "generation", "resourceVersion",
    ] {
      new["metadata"]?[name] = old["metadata"]?[name]
    }
    if new == old { return old }
    let spec = { (object: FieldValue) in
      object.object?.filter { !["metadata", "status", "apiVersion", "kind"].contains($0.key) }
    }
    if spec(new) != spec(old) {
      new["metadata"]?["generation"] = .integer((old["metadata"]?["generation"]?.integer ?? 1) + 1)
    }
    if new["metadata"]?["deletionTimestamp"] != nil, new["metadata"]?["finalizers"]?.array?.isEmpty ?? true {
      return remove(path, key, new)
    }
    return store(path, key, .modified, new)
  }

  private func store(
    _ path: String, _ key: ObjectKey, _ kind: Change.Kind, _ object: FieldValue
  ) -> FieldValue {
    var object = object
    version += 1
    object["metadata"]?["resourceVersion"] = .string(String(version))
    let before = objects[path]?[key]
    objects[path, default: [:]][key] = object
    record(path, Change(kind: kind, version: version, object: object, before: before))
    return object
  }

  private func remove(_ path: String, _ key: ObjectKey, _ object: FieldValue) -> FieldValue {
    var object = object
    version += 1
    object["metadata"]?["resourceVersion"] = .string(String(version))
    objects[path]?[key] = nil
    owners[path]?[key] = nil
    record(path, Change(kind: .deleted, version: version, object: object, before: object))
    return object
  }

  // MARK: History

  private func record(_ path: String, _ change: Change) {
    history[path, default: []].append(change)
  }

  /// The changes after a version; `nil` when they are forgotten.
  func changes(_ path: String, after version: Int, epoch: Int) -> [Change]? {
    guard epoch == self.epoch, version >= oldest else { return nil }
    return (history[path] ?? []).filter { $0.version > version }
  }

  /// The number of this run of the server, which a watch belongs to.
  var run: Int { epoch }
  /// Whether this run began with the state of a backup. The server was away for that: watches of before have ended.
  private(set) var wasRestored = false

  /// Forgets the history, as a restart and a compaction do: versions up to now cannot be watched from, pages not
  /// continued.
  func forget() {
    version += 1
    oldest = version
    epoch += 1
    wasRestored = false
    history = [:]
    pages = [:]
  }

  /// A copy of all objects, as a backup has it.
  struct Backup: Sendable {
    fileprivate var objects: [String: [ObjectKey: FieldValue]]
    fileprivate var version: Int
  }

  func backUp() -> Backup { Backup(objects: objects, version: version) }

  /// Goes back to an older state, with its versions.
  func restore(_ backup: Backup) {
    objects = backup.objects
    version = backup.version
    oldest = version
    epoch += 1
    wasRestored = true
    history = [:]
    pages = [:]
  }

  /// Counts on, as writes to other collections do.
  func skip(_ versions: Int) { version += versions }

  // MARK: Helpers

  private static let identity: Set<[String]> = [
    ["apiVersion"], ["kind"], ["metadata", "name"], ["metadata", "namespace"],
  ]

  private func notFound(_ path: String, _ key: ObjectKey) -> UserError {
    let name = collections[path].map(qualifiedName) ?? path
    return UserError(code: 404, reason: "NotFound", message: "\(name) \"\(key.name)\" not found")
  }

  private func apiVersion(_ collection: Collection) -> String {
    collection.group.isEmpty ? collection.version : "\(collection.group)/\(collection.version)"
  }

  private func qualifiedName(_ collection: Collection) -> String {
    collection.group.isEmpty ? collection.plural : "\(collection.plural).\(collection.group)"
  }
}

/// A JSON merge patch (RFC 7396).
func merged(_ target: FieldValue, _ patch: FieldValue) -> FieldValue {
  guard let members = patch.object else { return patch }
  var result = target.object ?? [:]
  for (name, value) in members {
    if value == .null {
      result[name] = nil
    } else {
      result[name] = merged(result[name] ?? .object([:]), value)
    }
  }
  return .object(result)
}

private func leaves(_ value: FieldValue, _ path: [String] = []) -> [[String]: FieldValue] {
  guard let members = value.object, !members.isEmpty else { return path.isEmpty ? [:] : [path: value] }
  return members.reduce(into: [:]) { result, member in
    result.merge(leaves(member.value, path + [member.key])) { _, new in new }
  }
}

private func setting(_ value: FieldValue, _ path: [String], _ leaf: FieldValue) -> FieldValue {
  guard let first = path.first else { return leaf }
  var value = value
  value[first] = setting(value[first] ?? .object([:]), Array(path.dropFirst()), leaf)
  return value
}
