internal import CNI
package import IPAM
internal import IPVLAN
package import JSON

/// What a container is attached to: all that DEL, CHECK and GC go by, whatever the configuration says by then.
package struct AttachmentRecord: Sendable {
  /// `name` of the configuration of ``MultiNetworkPlugin``.
  package let network: String
  /// The runtime's name of the container.
  package let containerID: String
  /// The default network's interface.
  package let ifname: String
  /// The path of the container's network namespace.
  package let netns: String
  /// The pod; `nil` outside of Kubernetes.
  package let pod: AllocationRequest.Pod?
  /// Its networks, in the order in which they are attached.
  package let networks: [PodNetwork]

  init(_ request: Request, _ networks: [PodNetwork]) {
    network = request.configuration.name
    containerID = request.containerID
    ifname = request.ifname
    netns = request.netns ?? ""
    pod = AllocationRequest.Pod(request.arguments)
    self.networks = networks
  }

  /// Reads what ``json`` writes.
  /// - Throws: ``JSONFieldError`` for a member that is missing or wrong.
  package init(_ fields: JSONFields) throws(JSONFieldError) {
    network = try fields.required("network", fields.string("network"))
    containerID = try fields.required("containerID", fields.string("containerID"))
    ifname = try fields.required("ifname", fields.string("ifname"))
    netns = try fields.string("netns") ?? ""
    pod = try fields.fields("pod").map { (pod: JSONFields) throws(JSONFieldError) in
      AllocationRequest.Pod(
        namespace: try pod.required("namespace", pod.string("namespace")),
        name: try pod.required("name", pod.string("name")), uid: try pod.string("uid") ?? "")
    }
    var networks: [PodNetwork] = []
    for entry in try fields.required("networks", fields.objects("networks")) {
      networks.append(try PodNetwork(entry))
    }
    self.networks = networks
  }

  /// The record as its file has it.
  package var json: JSONObject {
    var object: JSONObject = [
      "network": .string(network), "containerID": .string(containerID), "ifname": .string(ifname),
      "netns": .string(netns),
    ]
    if let pod {
      object["pod"] = .object([
        "namespace": .string(pod.namespace), "name": .string(pod.name), "uid": .string(pod.uid),
      ])
    }
    object["networks"] = .array(networks.map { .object($0.json) })
    return object
  }
}
