import ArgumentParser
import Operator
import Platform

struct Pools: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the address pools as this node sees them.",
    discussion: """
      EXAMPLES
        ipvlanctl pools
        ipvlanctl pools --network ipvlan-ens5
        ipvlanctl pools --from-imds   on EC2: what the NICs own
        ipvlanctl pools --from-imds --to /etc/cni/ippool.d/this-node.yaml
        ipvlanctl pools -o json | jq -r '.[] | select(.free == "0").name'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @OptionGroup var metadata: MetadataOptions
  @Option(help: ArgumentHelp("Only what this network sees.", valueName: "name"))
  var network: String?

  @Flag(
    name: .customLong("from-imds"),
    help: "Write SpiderIPPool documents for the addresses that the EC2 instance's NICs own.")
  var isFromMetadata = false
  @Option(
    help: ArgumentHelp("With --from-imds: replace this file, at once.", valueName: "file"),
    completion: .file())
  var to: String?
  @Option(
    help: ArgumentHelp(
      "With --from-imds: nodeName of the pools; else $NODE_NAME, else the host name.", valueName: "name"))
  var nodeName: String?
  @Option(help: ArgumentHelp("With --from-imds: multusName of the pools, % for the link.", valueName: "name"))
  var multusName = Self.anyNetwork

  private static let anyNetwork = "default/ipvlan-%"

  func validate() throws {
    let hasOthers = to != nil || nodeName != nil || multusName != Self.anyNetwork
    guard isFromMetadata || !hasOthers else {
      throw ValidationError(
        "--to, --node-name and --multus-name are for pools that --from-imds writes: add --from-imds")
    }
  }

  func run() throws {
    if isFromMetadata { return try writeInstancePools() }
    let cache = AttachmentCache(directory: paths.cache)
    let report = PoolsReport(NetworkDirectory(paths.configurations, cache: cache), only: network)
    CommandOutput.show(report, as: listing.output, status: report.faults.isEmpty ? 0 : 1)
  }

  private func writeInstancePools() throws {
    var pools = try InstancePools(
      metadata.named ?? .standard,
      nodeName: nodeName ?? AgentFiles.nodeName(),
      network: multusName)
    if let to {
      try pools.write(to: to, paths.sources)
      ProcessOutput.finish(output: [], remarks: CommandOutput.notes(pools.remarks), status: 0)
    }
    ProcessOutput.finish(
      output: Array(pools.text.utf8), remarks: CommandOutput.notes(pools.remarks),
      status: pools.text.isEmpty ? 1 : 0
    )
  }
}
