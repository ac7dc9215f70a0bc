import ArgumentParser
import Operator

struct Leases: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the addresses that are held or cooling down, and by whom.",
    discussion: """
      Leases of ipam types ippool and host-local are shown, of every network that is configured or cached. \
      With --orphans the status is 1 when there are any.

      EXAMPLES
        ipvlanctl leases
        ipvlanctl leases --orphans
        ipvlanctl leases -o json | jq -r '.[] | select(.pod == "web/shop-0").address'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @Flag(help: "Only leases whose pod is gone.")
  var orphans = false

  func run() throws {
    let cache = AttachmentCache(directory: paths.sources.cache)
    let stores = LeaseStores(NetworkDirectory(paths.sources.configurations, cache: cache))
    let garbage = stores.garbage(cache, onlyLeases: true)
    let report = LeasesReport(LeaseBook(stores, garbage, cache), onlyOrphans: orphans)
    CommandOutput.show(report, as: listing.output, status: orphans && report.hasOrphans ? 1 : 0)
  }
}
