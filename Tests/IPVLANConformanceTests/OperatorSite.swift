import ConformanceSupport
import JSON
import Testing

/// A node as an operator meets it: two networks with pools, pods that a runtime has attached and written down.
final class OperatorSite {
  let node: Node
  private(set) var attachments: [PodAttachment] = []
  /// The instance metadata service, on a node that has one.
  private(set) var metadata: MetadataService?

  /// Builds a node without any fault.
  ///
  /// - Parameter pods: how many pods are attached to ens5.
  init(_ node: Node, pods: Int = 1) throws {
    self.node = node
    try node.namespace.setSysctl("net/ipv4/ip_forward", "1")
    for link in ["all", "ens5", "ens6"] {
      try node.namespace.setSysctl("net/ipv4/conf/\(link)/rp_filter", "0")
    }
    try node.writePool(
      "ens5", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.8", gateway: "172.31.16.1")
    try node.writePool(
      "ens6", subnet: "210.22.16.0/24", ips: "210.22.16.11-210.22.16.15", gateway: "210.22.16.1")
    try writeNetwork("ens5", ["hostAccess": true])
    try writeNetwork("ens6")
    for number in 0..<pods { try attach("pod\(number)") }
  }

  var configurations: String { "\(node.directory)/net.d" }
  var cache: String { "\(node.directory)/results" }

  /// Writes the configuration of the network of a NIC; its `ipam` names the NIC's pool.
  func writeNetwork(_ nic: String, _ keys: JSONObject = [:], ipam: JSONObject = [:]) throws {
    var plugin: JSONObject = ["type": "ipvlan", "master": .string(nic), "mode": "l3s"]
    for (key, value) in keys.members { plugin[key] = value }
    var pools = node.poolIPAM()
    pools["cooldownSeconds"] = nil
    pools["pools"] = [.string(nic)]
    for (key, value) in ipam.members { pools[key] = value }
    plugin["ipam"] = .object(ipam["type"] == nil ? pools : ipam)
    let list: JSONObject = [
      "cniVersion": "1.0.0", "name": .string("ipvlan-\(nic)"), "plugins": [.object(plugin)],
    ]
    try writeConfiguration(
      "\(nic).conflist", String(decoding: JSONValue.object(list).serialized(), as: UTF8.self))
  }

  /// Makes the node an EC2 instance, whose NICs own what the pools have.
  @discardableResult
  func startMetadataService() throws -> MetadataService {
    let service = try MetadataService(on: node)
    service.describe(Site.ens5)
    service.describe(Site.ens6)
    metadata = service
    return service
  }

  deinit { metadata?.end() }

  /// The plugin's configuration of the network of a NIC, as a runtime passes it.
  func configuration(of nic: String) throws -> JSONObject {
    let text = ScratchFiles.read("\(configurations)/\(nic).conflist") ?? ""
    let list = try JSONValue(parsing: Array(text.utf8)).object ?? [:]
    var configuration = list["plugins"]?.array?.first?.object ?? [:]
    configuration["cniVersion"] = list["cniVersion"]
    configuration["name"] = list["name"]
    return configuration
  }

  /// Writes any configuration file.
  func writeConfiguration(_ name: String, _ text: String) throws {
    try ScratchFiles.write("\(configurations)/\(name)", text)
  }

  /// Attaches a new pod to the network of a NIC, and writes it down as libcni does.
  @discardableResult
  func attach(
    _ name: String, to nic: String = "ens5", byReference isReference: Bool = false
  ) throws -> PodAttachment {
    var attachment = try prepare(name, to: nic)
    if isReference {
      attachment.plugin = .reference("ipvlan")
      attachment.path = Plugin.referenceDirectory
    }
    try attachment.add()
    try writeDown(
      attachment, "ipvlan-\(nic)", ScratchFiles.read("\(configurations)/\(nic).conflist") ?? "")
    attachments.append(attachment)
    return attachment
  }

  /// A new pod that is to be attached to the network of a NIC.
  func prepare(_ name: String, to nic: String = "ens5") throws -> PodAttachment {
    var attachment = PodAttachment(try node.pod(name), on: node, try configuration(of: nic))
    attachment.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=web;K8S_POD_NAME=\(name)"
    return attachment
  }

  /// Detaches the first pod of ens5 and attaches it again, as a runtime does that makes its sandbox anew.
  func attachAnew() throws {
    try attachments[0].call(.delete)
    try attachments[0].add()
    try writeDown(
      attachments[0], "ipvlan-ens5", ScratchFiles.read("\(configurations)/ens5.conflist") ?? "")
  }

  private func writeDown(_ attachment: PodAttachment, _ network: String, _ configuration: String) throws {
    let encoded = try Program("base64", ["-w0"], input: Array(configuration.utf8)).run().mustSucceed().text
    let entry: JSONObject = [
      "kind": "cniCacheV1", "containerId": .string(attachment.pod.containerID), "ifName": "eth0",
      "networkName": .string(network), "netns": .string(attachment.pod.namespace.path),
      "config": .string(encoded), "result": .object(attachment.result ?? [:]),
      "cniArgs": [["K8S_POD_NAMESPACE", "web"], ["K8S_POD_NAME", .string(attachment.pod.name)]],
    ]
    try ScratchFiles.write(
      "\(cache)/\(network)-\(attachment.pod.containerID)-eth0",
      String(decoding: JSONValue.object(entry).serialized(), as: UTF8.self))
  }

  /// Programs of the node come before the machine's.
  private var environment: [String: String] {
    var environment = Program.environment
    environment["PATH"] = "\(node.directory)/bin:" + (environment["PATH"] ?? "")
    environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata?.endpoint
    return environment
  }

  /// Runs the tool on the node.
  func control(_ arguments: String...) throws -> Completion { try control(arguments) }

  /// Runs the tool on the node.
  func control(_ arguments: [String]) throws -> Completion {
    try run(arguments + ["--conf-dir", configurations, "--cache-dir", cache])
  }

  /// Runs the tool on the node with these arguments and no others.
  func run(_ arguments: [String]) throws -> Completion {
    try runProgram("\(Plugin.directory)/ipvlanctl", arguments)
  }

  /// Runs any program on the node.
  func runProgram(
    _ name: String, _ arguments: [String], environment more: [String: String] = [:]
  ) throws -> Completion {
    try Program(name, arguments, environment: environment.merging(more) { $1 })
      .run(in: node.namespace)
  }

  /// The tool, for threads of their own.
  struct Tool: Sendable {
    let namespace: Namespace
    let environment: [String: String]
    let options: [String]

    func run(_ arguments: [String]) throws -> Completion {
      try Program(
        "\(Plugin.directory)/ipvlanctl", arguments + options, environment: environment
      ).run(in: namespace)
    }
  }

  var tool: Tool {
    Tool(
      namespace: node.namespace, environment: environment,
      options: ["--conf-dir", configurations, "--cache-dir", cache])
  }

  /// What the doctor says.
  struct Finding {
    let kind: String
    let problem: String
    let remedy: String
    let isFixable: Bool
  }

  func findings() throws -> [Finding] {
    let completion = try control("doctor", "-o", "json")
    let value = try JSONValue(parsing: completion.output)
    let findings = (value.array ?? []).compactMap(\.object).map {
      Finding(
        kind: $0["kind"]?.string ?? "", problem: $0["problem"]?.string ?? "",
        remedy: $0["remedy"]?.string ?? "",
        isFixable: $0["isFixable"]?.bool ?? false)
    }
    #expect(completion.status == (findings.isEmpty ? 0 : 1), "\(completion)")
    return findings
  }

  /// Runs a command that the tool has printed, as an operator at the node's shell.
  func runAtShell(_ command: String) throws {
    let wrapper = "\(node.directory)/bin/ipvlanctl"
    try ScratchFiles.writeExecutable(
      wrapper,
      "#!/bin/sh\nexec \(Plugin.directory)/ipvlanctl \"$@\" --conf-dir \(configurations) --cache-dir \(cache)\n"
    )
    let completion = try Program("sh", ["-c", command], environment: environment)
      .run(in: node.namespace)
    // The doctor's own status tells what is left.
    #expect(completion.isSuccess || completion.status == 1, "\(completion)")
  }
}
