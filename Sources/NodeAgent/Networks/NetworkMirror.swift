internal import ClusterObjects
internal import JSON
internal import KubernetesClient
internal import MultiNetwork

/// The NetworkAttachmentDefinitions of the cluster, each as its file has it.
struct NetworkMirror: Sendable {
  /// What the files are to hold.
  private(set) var files: [NetworkName: [UInt8]] = [:]
  /// Goes up with each change of what files say.
  private(set) var revision = 0
  private(set) var feed = Feed(
    whenForbidden:
      "allow it: set agent.networks=true, or defaultNetwork, for the chart, which makes the role ipvlan-agent-networks"
  )

  mutating func take(_ event: ReflectorEvent<UnstructuredObject>) {
    feed.note(event)
    switch event {
    case .listed(let list):
      files = [:]
      revision += 1
      for object in list.items { set(object, Self.file(object)) }
    case .changed(let object): set(object, Self.file(object))
    case .deleted(let object): set(object, nil)
    case .connected, .failed: break
    }
  }

  private mutating func set(_ object: UnstructuredObject, _ file: [UInt8]?) {
    guard let namespace = object.metadata.namespace, let name = object.metadata.name,
      let key = NetworkName(namespace: namespace, name: name), files[key] != file
    else { return }
    files[key] = file
    revision += 1
  }

  /// The definition without members that nobody reads. Equal definitions give equal texts.
  private static func file(_ object: UnstructuredObject) -> [UInt8] {
    var metadata: JSONObject = [
      "namespace": .string(object.metadata.namespace ?? ""), "name": .string(object.metadata.name ?? ""),
    ]
    let resource = NetworkDefinitions.resourceAnnotation
    if let text = object.metadata.annotations?[resource] {
      metadata["annotations"] = .object([resource: .string(text)])
    }
    var spec = JSONObject()
    if let text = object["spec"]?["config"]?.string { spec["config"] = .string(text) }
    return JSONValue.object([
      "apiVersion": .string("k8s.cni.cncf.io/v1"), "kind": .string("NetworkAttachmentDefinition"),
      "metadata": .object(metadata), "spec": .object(spec),
    ]).serialized() + [0x0A]
  }
}
