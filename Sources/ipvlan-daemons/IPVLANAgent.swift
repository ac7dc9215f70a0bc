import ArgumentParser
import Daemon
import NodeAgent
import Platform
import YAML

struct IPVLANAgent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipvlan-agent",
    abstract:
      "Brings a node's address pools from the API server to the plugin, and reports what the node holds.",
    discussion: """
      Follows SpiderIPPools and SpiderReservedIPs and writes those of this node to POOL-DIR/zz-kubernetes.json, which the \
      plugin reads; says in the IPVLANNode of the node's name what of them is held. Pods are attached from the last file \
      while the agent or the API server is away. Where a pool asks for labels of pods or namespaces, it follows the pods of \
      its node too and leaves what is known of each in RUN-DIR/pods. With --networks it does that in any case, and leaves \
      the NetworkAttachmentDefinitions in RUN-DIR/networks, from which ipvlan-multi attaches pods; what that has attached it \
      writes to the pods' annotation k8s.v1.cni.cncf.io/network-status. SIGTERM ends it.

      EXAMPLES
        ipvlan-agent --kubeconfig /etc/ipvlan/kubeconfig --node-name worker1
        ipvlan-agent                in a pod: by its service account, NODE_NAME from spec.nodeName
      """,
    version: ProductVersion.current)

  @OptionGroup var daemon: DaemonOptions
  @Option(help: ArgumentHelp("The node's name; else $NODE_NAME, else the host name.", valueName: "name"))
  var nodeName: String?
  @Option(help: ArgumentHelp("Where the plugin reads pools.", valueName: "directory"), completion: .directory)
  var poolDir = "/etc/cni/ippool.d"
  @Option(
    help: ArgumentHelp("Where the plugin keeps leases.", valueName: "directory"), completion: .directory)
  var dataDir = "/var/lib/cni/ippool"
  @Option(
    help: ArgumentHelp("Where the agent says how it is.", valueName: "directory"), completion: .directory)
  var runDir = "/run/ipvlan"
  @Option(
    help: ArgumentHelp(
      "When the pods of the node and the namespaces are followed: while a pool asks for labels (auto), or always.",
      valueName: "auto|always"),
    transform: {
      guard let following = PodFollowing(rawValue: $0) else {
        throw ValidationError("--pods \($0) is neither auto nor always.")
      }
      return following
    })
  var pods = PodFollowing.auto
  @Flag(help: "Follows NetworkAttachmentDefinitions and pods, for ipvlan-multi.")
  var networks = false
  @Option(
    help: ArgumentHelp("Where ipvlan-multi records what it attaches.", valueName: "directory"),
    completion: .directory)
  var recordDir = "/var/lib/cni/ipvlan-multi"

  func validate() throws {
    for (option, path) in [
      ("pool-dir", poolDir), ("data-dir", dataDir), ("run-dir", runDir), ("record-dir", recordDir),
    ]
    where !path.hasPrefix("/") {
      throw ValidationError("--\(option) \(path) must be an absolute path.")
    }
  }

  func run() async throws {
    try await daemon.run("ipvlan-agent") { environment, log in
      var options = AgentOptions(
        credentials: try daemon.credentials(environment), nodeName: try name(environment),
        listen: daemon.listen(port: 9114), version: ProductVersion.current)
      options.poolDirectory = poolDir
      options.dataDirectory = dataDir
      options.runDirectory = runDir
      options.pods = pods
      options.networks = networks
      options.recordDirectory = recordDir
      try await NodeAgent(options, log: log).run()
    }
  }

  private func name(_ environment: Environment) throws(DaemonError) -> String {
    let sources = [
      ("--node-name", nodeName), ("NODE_NAME", environment["NODE_NAME"]),
      ("the host name", HostName.node(of: HostName.current)),
    ]
    for case (let source, let name?) in sources where !name.isEmpty {
      guard ObjectName.isSubdomain(name) else {
        throw DaemonError(
          "\(source): no Node can be called \"\(name)\": the name \(ObjectName.rule); kubectl get nodes shows the names",
          exitStatus: 64)
      }
      return name
    }
    throw DaemonError("this machine has no host name: name its Node with --node-name", exitStatus: 64)
  }
}
