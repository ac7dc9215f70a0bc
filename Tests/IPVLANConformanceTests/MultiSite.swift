import ConformanceSupport
import JSON

extension Node {
  /// Where the agent of this node leaves networks and pods.
  var runDirectory: String { "\(directory)/run" }

  /// Writes a NetworkAttachmentDefinition as the agent does.
  func define(_ name: String, _ configuration: JSONObject?, in namespace: String = "default") throws {
    var document: JSONObject = [
      "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
      "metadata": ["namespace": .string(namespace), "name": .string(name)],
    ]
    if let configuration {
      let text = String(decoding: JSONValue.object(configuration).serialized(), as: UTF8.self)
      document["spec"] = ["config": .string(text)]
    }
    try ScratchFiles.write(
      "\(runDirectory)/networks/\(namespace)_\(name).json",
      String(decoding: JSONValue.object(document).serialized(), as: UTF8.self))
  }

  /// Defines the guide's two networks, each with one address of the guide's.
  func defineGuide(mode: String = "l3s") throws {
    for (nic, address) in [(Site.ens5, "172.31.16.4/20"), (Site.ens6, "210.22.16.11/24")] {
      try define(
        "ipvlan-\(nic.name)",
        Configuration.ipvlan(
          master: nic.name, mode: mode, name: "ipvlan-\(nic.name)-\(identifier)",
          ipam: Configuration.staticIPAM("\(address) via \(nic.gateway)")))
    }
  }

  /// An attachment by `ipvlan-multi`, whose runtime hands on annotations, unless they are `nil`.
  func multi(
    _ name: String = "a", _ annotations: [String: String]? = [:], version: String = "1.1.0",
    heldByProcess: Bool = false
  ) throws -> PodAttachment {
    var configuration: JSONObject = [
      "cniVersion": .string(version), "name": .string("multi-\(identifier)"), "type": "ipvlan-multi",
      "defaultNetwork": "default/ipvlan-ens5", "runDir": .string(runDirectory),
      "confDir": .string("\(directory)/net.d"), "dataDir": .string("\(directory)/multi"),
    ]
    if let annotations {
      var texts = JSONObject()
      for (name, text) in annotations { texts[name] = .string(text) }
      configuration["runtimeConfig"] = ["io.kubernetes.cri.pod-annotations": .object(texts)]
    }
    var attachment = PodAttachment(try pod(name, heldByProcess: heldByProcess), on: self, configuration)
    attachment.plugin = Plugin("ipvlan-multi")
    attachment.arguments =
      "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=\(name);K8S_POD_UID=\(Self.uid)"
    return attachment
  }

  /// The number of every pod here.
  static let uid = "5c1f3a9e-0000-4000-8000-000000000002"

  /// What is recorded of containers.
  func records() -> [String] { ScratchFiles.names(in: "\(directory)/multi") }

  /// Removes what the test has written.
  func forgetNetworks() throws {
    for part in ["run", "net.d", "multi", "bin"] { try ScratchFiles.removeAll("\(directory)/\(part)") }
  }
}

extension PodAttachment {
  /// Sends a packet out of one interface of the pod, to a machine behind the fabric.
  func reachesOutside(by interface: String) throws -> Bool {
    try pod.namespace.execute(
      "ping", ["-n", "-q", "-c", "1", "-i", "0.2", "-w", "60", "-I", interface, Site.outside]
    )
    .isSuccess
  }
}
