import ArgumentParser
import KubernetesClient
import Logging
import NodeAgent
import Platform
import UnixSignals

@main struct IPVLANAgent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipvlan-agent",
    abstract:
      "Brings a node's address pools from the API server to the plugin, and reports what the node holds.",
    discussion: """
      Follows SpiderIPPools and SpiderReservedIPs and writes those of this node to POOL-DIR/zz-kubernetes.json, which the \
      plugin reads; says in the IPVLANNode of the node's name what of them is held. Pods are attached from the last file \
      while the agent or the API server is away. SIGTERM ends it.

      EXAMPLES
        ipvlan-agent --kubeconfig /etc/ipvlan/kubeconfig --node-name worker1
        ipvlan-agent                in a pod: by its service account, NODE_NAME from spec.nodeName
      """,
    version: AgentVersion.current)

  @Option(
    help: ArgumentHelp(
      "How to reach the API server; else $KUBECONFIG, else the pod's service account.", valueName: "file"),
    completion: .file())
  var kubeconfig: String?
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
    help: ArgumentHelp("Where /healthz, /readyz and /metrics are served.", valueName: "address:port"),
    transform: {
      guard let address = ListenAddress($0) else {
        throw ValidationError("\($0) is not of the form ADDRESS:PORT, such as 127.0.0.1:9114.")
      }
      return address
    })
  var listen: ListenAddress?
  @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
  var logLevel: LogLevel = .info
  @Option(help: "text, or json: one object a line.")
  var logFormat: LogFormat = .text

  func validate() throws {
    for (option, path) in [("pool-dir", poolDir), ("data-dir", dataDir), ("run-dir", runDir)]
    where !path.hasPrefix("/") {
      throw ValidationError("--\(option) \(path) must be an absolute path.")
    }
  }

  func run() async throws {
    let environment = Environment.current()
    let log = logFormat.logger("ipvlan-agent", level: logLevel.level)
    do {
      guard let address = listen ?? ListenAddress("127.0.0.1:9114") else { return }
      var values: [String: String] = [:]
      for name in ["KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"] {
        values[name] = environment[name]
      }
      var options = AgentOptions(
        credentials: try CredentialSource.find(kubeconfig: kubeconfig, environment: values),
        nodeName: name(environment), listen: address, version: AgentVersion.current)
      options.poolDirectory = poolDir
      options.dataDirectory = dataDir
      options.runDirectory = runDir
      try await run(NodeAgent(options, log: log), log)
    } catch let error as AgentRefusal {
      log.critical("\(error)")
      throw ExitCode(error.exitStatus)
    } catch let error as KubernetesError {
      log.critical("\(error)")
      throw ExitCode(1)
    }
  }

  private func name(_ environment: Environment) -> String {
    let names = [nodeName, environment["NODE_NAME"]].compactMap(\.self)
    return names.first { !$0.isEmpty } ?? HostName.current
  }

  /// Runs the agent until a signal comes.
  private func run(_ agent: NodeAgent, _ log: Logger) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await agent.run() }
      group.addTask {
        for await signal in signals {
          log.info("ending on \(signal)")
          return
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}
