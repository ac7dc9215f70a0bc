import ArgumentParser
import Operator

struct Kube: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what came to this node from the API server.",
    discussion: """
      EXAMPLES
        ipvlanctl kube status   the pools, and how their agent is
      """, subcommands: [KubeStatus.self])
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
  @Option(help: ArgumentHelp("Where the plugin reads pools.", valueName: "directory"), completion: .directory)
  var poolDir = "/etc/cni/ippool.d"
  @Option(
    help: ArgumentHelp("Where the plugin keeps leases.", valueName: "directory"), completion: .directory)
  var dataDir = "/var/lib/cni/ippool"
  @Option(
    help: ArgumentHelp("Where the agent says how it is.", valueName: "directory"), completion: .directory)
  var runDir = NodeSources().agent

  func run() throws {
    let files = AgentFiles(poolDirectory: poolDir, runDirectory: runDir)
    let report = try KubeStatusReport(files, poolDirectory: poolDir, dataDirectory: dataDir)
    Ending.show(report, as: listing.output, status: report.isInOrder ? 0 : 1)
  }
}
