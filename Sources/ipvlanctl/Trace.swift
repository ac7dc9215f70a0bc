import ArgumentParser
import Operator

struct Trace: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follows an attachment from its configuration to the wire, and says where it is broken.",
    discussion: """
      Stops at: configuration, libcni's cache, lease, namespace, link, addresses, routes, neighbours, host access, \
      master. The status is 1 when a stop is not as it should be.

      EXAMPLES
        ipvlanctl trace web/shop-0      a pod
        ipvlanctl trace 8f1c0a7b        a container, by the beginning of its ID
        ipvlanctl trace 172.31.16.4     an address
        ipvlanctl trace net1 -o json    an interface name, in all pods
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @OptionGroup var metadata: MetadataOptions
  @Argument(help: "A container, pod, address, interface or network.")
  var id: String

  func run() throws {
    let report = try TraceReport(id, metadata.complete(paths.sources))
    CommandOutput.show(report, as: listing.output, status: report.isFine ? 0 : 1)
  }
}
