internal import ClusterObjects
internal import KubernetesClient

/// The NetworkAttachmentDefinitions that SpiderMultusConfigs ask for, and how to come to them.
struct NetworkPlan: Sendable {
  /// On a NetworkAttachmentDefinition: it may be taken over.
  static let adoption = "ipvlan-cni.dev/adopt"

  /// What became of a SpiderMultusConfig.
  enum Verdict: Sendable, Hashable {
    case rendered(ObjectKey)
    /// Its definition is being written.
    case pending(ObjectKey)
    /// The API server does not take the definition.
    case notWritten(String)
    case invalid(String)
    /// Its cniType is served by somebody else.
    case notServed(String)
    /// An older one has the name, or a definition of that name is not its own.
    case conflict(String)
  }

  private(set) var steps: [Step] = []
  private(set) var verdicts: [(network: UnstructuredObject, verdict: Verdict)] = []
  /// The identities of all SpiderMultusConfigs.
  private var living: Set<String> = []

  /// - Parameter mode: the mode of links for networks that name none.
  init(_ view: ControllerView, mode: String) {
    // A name that nobody has yet may be that of a definition which has not been read.
    guard view.networks.feed.isComplete, view.definitions.feed.isComplete else { return }
    let definitions = view.definitions.objects
    let owned = Dictionary(grouping: definitions.values) { Self.owner(of: $0)?.uid ?? "" }
    living = Set(view.networks.objects.values.compactMap(\.metadata.uid))
    var taken: [ObjectKey: String] = [:]
    let byAge = view.networks.objects.values.sorted {
      ObjectIdentity.precedes(ObjectIdentity($0.metadata), ObjectIdentity($1.metadata))
    }
    for network in byAge
    where network.metadata.deletionTimestamp == nil {
      let content: NetworkObject
      switch NetworkObject.read(network, mode: mode) {
      case .failure(let verdict):
        // What stands was right once: it stays.
        verdicts.append((network, verdict.verdict))
        continue
      case .success(let read): content = read
      }
      let name = network.metadata.name ?? ""
      if let other = taken.updateValue(name, forKey: content.key) {
        taken[content.key] = other
        verdicts.append(
          (
            network,
            .conflict(
              "SpiderMultusConfig \(other), which is older, makes NetworkAttachmentDefinition \(content.key) already:"
                + " choose another name by annotation multus.spidernet.io/cr-name")
          ))
        continue
      }
      verdicts.append((network, settle(network, content, definitions[content.key])))
      let former = owned[network.metadata.uid ?? ""] ?? []
      steps += former.filter { $0.metadata.key != content.key && $0.metadata.deletionTimestamp == nil }
        .map(Step.deleteDefinition)
    }
  }

  /// Brings one definition to what it should be.
  private mutating func settle(
    _ network: UnstructuredObject, _ content: NetworkObject, _ existing: UnstructuredObject?
  ) -> Verdict {
    let uid = network.metadata.uid ?? ""
    guard var definition = existing else {
      var metadata = ObjectMetadata(name: content.key.name, namespace: content.key.namespace)
      metadata.ownerReferences = [Self.reference(to: network)]
      steps.append(
        .createDefinition(
          UnstructuredObject(metadata: metadata, fields: ["spec": Self.specification(content)])))
      return .pending(content.key)
    }
    // Somebody is deleting it: it is made anew when it is gone.
    guard definition.metadata.deletionTimestamp == nil else { return .pending(content.key) }
    let owner = Self.owner(of: definition)
    if owner?.uid != uid {
      guard definition.metadata.annotations?[Self.adoption] == "true" || isOrphan(owner) else {
        return .conflict(
          "NetworkAttachmentDefinition \(content.key) is there already, and "
            + (owner.map { "belongs to \($0.kind) \($0.name)" } ?? "was made by somebody else")
            + ": it stays as it is. Delete it, or let it be taken over: kubectl annotate net-attach-def -n"
            + " \(content.key.namespace ?? "default") \(content.key.name) \(Self.adoption)=true")
      }
      // Of two that manage one object the server refuses the second.
      definition.metadata.ownerReferences =
        (definition.metadata.ownerReferences ?? []).filter { $0.controller != true }
        + [Self.reference(to: network)]
    }
    let isRight = (definition["spec"]?["config"]?.string ?? "") == content.text
    if !isRight || owner?.uid != uid {
      definition["spec"] = Self.specification(content)
      steps.append(.replaceDefinition(definition))
      return .pending(content.key)
    }
    return .rendered(content.key)
  }

  /// The SpiderMultusConfig that it was made of is gone, as after a delete and a new apply.
  private func isOrphan(_ owner: OwnerReference?) -> Bool {
    owner.map { $0.kind == Resources.networks.kind && !living.contains($0.uid) } ?? false
  }

  private static func specification(_ content: NetworkObject) -> FieldValue {
    content.text.isEmpty ? [:] : ["config": .string(content.text)]
  }

  /// The SpiderMultusConfig that a definition belongs to, or whoever else manages it.
  private static func owner(of definition: UnstructuredObject) -> OwnerReference? {
    let owners = definition.metadata.ownerReferences ?? []
    return owners.first { $0.kind == Resources.networks.kind } ?? owners.first { $0.controller == true }
  }

  /// The definition is deleted with its network, by the cluster's garbage collector.
  private static func reference(to network: UnstructuredObject) -> OwnerReference {
    OwnerReference(
      apiVersion: Resources.networks.apiVersion, kind: Resources.networks.kind,
      name: network.metadata.name ?? "", uid: network.metadata.uid ?? "", controller: true)
  }
}

extension NetworkPlan.Verdict {
  /// What the SpiderMultusConfig's status says of it; `nil` while that is as it was.
  var draft: StatusDraft? {
    let said: (reason: String, message: String)? =
      switch self {
      case .rendered(let key): ("Rendered", "NetworkAttachmentDefinition \(key) is made of it")
      case .pending: nil
      case .notWritten(let problem): ("NotWritten", problem)
      case .invalid(let problem): ("Invalid", problem)
      case .notServed(let problem): ("NotServed", problem)
      case .conflict(let problem): ("Conflict", problem)
      }
    return said.map { reason, message in
      StatusDraft(conditions: [
        .init(type: "Ready", isTrue: reason == "Rendered", reason: reason, message: message)
      ])
    }
  }

  /// The reason and the text of an event; `nil` when there is nothing to be told.
  var warning: (reason: String, message: String)? {
    switch self {
    // What could not be written is in the condition, and in the controller's log.
    case .rendered, .pending, .notWritten: nil
    case .invalid(let problem), .notServed(let problem): ("Invalid", problem)
    case .conflict(let problem): ("Conflict", problem)
    }
  }
}
