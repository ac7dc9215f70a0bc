import ArgumentParser
import Operator

struct Gc: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Frees what no live attachment owns: leases, host routes, half-made links.",
    discussion: """
      A lease is freed when neither its link nor its network namespace is there any more. Nothing is touched that \
      a pod could still use, and nothing at all when some namespace may not be looked at.

      EXAMPLES
        ipvlanctl gc --dry-run   show what would be freed
        ipvlanctl gc
        ipvlanctl gc --all       before the plugin is removed from the node: take host access down too
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @Flag(help: "Only show what would be freed.")
  var dryRun = false
  @Flag(help: "Also take host access down, if no pod uses it.")
  var all = false

  func run() throws {
    let cache = AttachmentCache(directory: paths.sources.cache)
    let networks = NetworkDirectory(paths.sources.configurations, cache: cache)
    let stores = LeaseStores(networks)
    let report = GarbageReport(
      stores.garbage(cache), isDryRun: dryRun, all: all, unread: cache.faults + stores.faults)
    CommandOutput.show(report, as: listing.output, status: report.hasFailed ? 1 : 0)
  }
}
