import ArgumentParser
import Operator

struct Pools: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the address pools as this node sees them.",
    discussion: """
      EXAMPLES
        ipvlanctl pools
        ipvlanctl pools --network ipvlan-ens5
        ipvlanctl pools -o json | jq -r '.[] | select(.free == "0").name'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @Option(help: ArgumentHelp("Only what this network sees.", valueName: "name"))
  var network: String?

  func run() throws {
    let cache = AttachmentCache(directory: paths.cache)
    let report = PoolsReport(NetworkDirectory(paths.configurations, cache: cache), only: network)
    Ending.show(report, as: listing.output, status: report.faults.isEmpty ? 0 : 1)
  }
}
