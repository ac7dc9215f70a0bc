internal import ClusterObjects
internal import IPAM
internal import JSON
internal import KubernetesClient

/// As much of a Pod as the agent reads.
struct PodObject: KubernetesObject {
  struct Specification: Codable, Sendable {
    var hostNetwork: Bool?
  }

  var metadata: ObjectMetadata
  var spec: Specification?
}

extension Resources {
  static let pods = Resource<PodObject>(
    group: "", version: "v1", plural: "pods", kind: "Pod", isNamespaced: true)
  static let namespaces = Resource<NamespaceObject>(
    group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)
}

/// As much of a Namespace as the agent reads.
struct NamespaceObject: KubernetesObject {
  var metadata: ObjectMetadata
}

extension PodObject {
  /// The number by which the runtime names the pod to a plugin; `nil` for what cannot become the name of a file.
  ///
  /// A static pod has another one on its node than the object that a kubelet makes for it, which says so. Whoever may
  /// make pods may write that annotation: it counts where the object belongs to a Node, and in the form that only static
  /// pods have, so that nobody takes the place of a pod of the API server.
  var uid: String? {
    guard let own = metadata.uid, PodFiles.isUID(own) else { return nil }
    guard let mirrored = metadata.annotations?[Self.mirrorAnnotation] else { return own }
    let isOfNode = metadata.ownerReferences?.contains { $0.kind == "Node" && $0.controller == true } ?? false
    return isOfNode && Self.isStaticUID(mirrored) ? mirrored : own
  }

  private static let mirrorAnnotation = "kubernetes.io/config.mirror"

  /// A kubelet takes an MD5 digest in hexadecimal digits; the API server's numbers have hyphens.
  private static func isStaticUID(_ text: String) -> Bool {
    text.utf8.count == 32
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// Whether no plugin is ever called for the pod.
  var isOnHostNetwork: Bool { spec?.hostNetwork ?? false }

  /// What is kept of the pod, without its namespace's labels; `nil` for one without a name.
  var record: PodRecord? {
    guard let namespace = metadata.namespace, let name = metadata.name else { return nil }
    var record = PodRecord(namespace: namespace, name: name)
    record.labels = metadata.labels ?? [:]
    record.annotations = (metadata.annotations ?? [:]).filter { name, _ in Self.isKept(name) }
    // Forgotten at once: labels and annotations of one pod can have as much as an object of the API server.
    return record.bounded
  }

  private static func isKept(_ name: String) -> Bool {
    name == "k8s.v1.cni.cncf.io/networks" || name.hasPrefix(PodAnnotations.ofPools)
      || name.hasPrefix("v1.multus-cni.io/")
  }
}

extension PodRecord {
  /// The record, if a file of the plugin's can have it; else only that it is too large.
  var bounded: PodRecord {
    let size = [labels, annotations, namespaceLabels].reduce(0) { size, texts in
      texts.reduce(size) { $0 + $1.key.utf8.count + $1.value.utf8.count + 6 }
    }
    // Six bytes stand for a character at most: few records have to be written to know how long they are.
    if size * 6 + 1024 <= PodFiles.largest { return self }
    if size <= PodFiles.largest, JSONValue.object(json).serialized().count <= PodFiles.largest { return self }
    var other = PodRecord(namespace: namespace, name: name)
    other.problem =
      "its labels, those of its namespace and the annotations that are read have more than"
      + " \(PodFiles.largest >> 10) KiB: take some away"
    return other
  }
}
