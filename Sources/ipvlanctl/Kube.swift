import ArgumentParser
import Operator
import Platform

struct Kube: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what came to this node from the API server.",
    discussion: """
      EXAMPLES
        ipvlanctl kube status   the pools, and how their agent is
        kubectl get spiderippools -o json | ipvlanctl kube diff
      """, subcommands: [KubeStatus.self, KubeDiff.self])
}

struct KubeStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Shows the pools that ipvlan-agent has brought, what is held of them, and how the agent is.",
    discussion: """
      Reads the files of the node only, so that it works with the API server away, and with the agent. The status is 1 \
      when the node may not have what the API server has, or does not use all of it.

      EXAMPLES
        ipvlanctl kube status
        ipvlanctl kube status -o json | jq -r '.problems[]'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var agent: AgentOptions
  @Option(
    help: ArgumentHelp("Where the plugin keeps leases.", valueName: "directory"), completion: .directory)
  var dataDir = "/var/lib/cni/ippool"

  func validate() throws { try requireAbsolute(["data-dir": dataDir]) }

  func run() throws {
    let report = try KubeStatusReport(agent.files, poolDirectory: agent.poolDir, dataDirectory: dataDir)
    CommandOutput.show(report, as: listing.output, status: report.isInOrder ? 0 : 1)
  }
}

struct KubeDiff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compares the pools that ipvlan-agent has brought with those that kubectl prints.",
    discussion: """
      Tells of pools of this node that are missing in the node's file, that it has in an earlier form, and that the API \
      server does not have any more. The status is 1 when there are such.

      EXAMPLES
        kubectl get spiderippools -o json | ipvlanctl kube diff
        ipvlanctl kube diff --file pools.json --node-name worker1
      """)

  @OptionGroup var listing: ListingOptions
  @Option(
    help: ArgumentHelp(
      "What kubectl has printed; else it is read from the standard input.", valueName: "file"),
    completion: .file())
  var file: String?
  @Option(
    help: ArgumentHelp(
      "The node's name; else the agent's, else $NODE_NAME, else the host name.", valueName: "name"))
  var nodeName: String?
  @OptionGroup var agent: AgentOptions

  func run() throws {
    // A thousand pools, as kubectl indents them, take some MiB.
    let limit = 64 << 20
    let objects =
      try file.map { path throws(UserError) in try Input.file(path, limit: limit) }
      ?? Input.standard(limit: limit)
    let files = agent.files
    let node =
      nodeName ?? files.state?.node
      ?? AgentFiles.nodeName(poolDirectory: agent.poolDir)
    let report = try KubeDiffReport(files, objects: objects, node: node)
    CommandOutput.show(report, as: listing.output, status: report.isSame ? 0 : 1)
  }
}

/// Where an agent leaves its files.
struct AgentOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where the plugin reads pools.", valueName: "directory"), completion: .directory)
  var poolDir = "/etc/cni/ippool.d"
  @Option(
    help: ArgumentHelp("Where the agent says how it is.", valueName: "directory"), completion: .directory)
  var runDir = NodeSources().agent

  func validate() throws { try requireAbsolute(["pool-dir": poolDir, "run-dir": runDir]) }

  var files: AgentFiles { AgentFiles(poolDirectory: poolDir, runDirectory: runDir) }
}
