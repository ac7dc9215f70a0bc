import ArgumentParser
import Operator

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what is wrong on this node, why it hurts, and the command that mends it.",
    discussion: """
      Looks at the kernel, configurations, masters, modes, pools, leases, links and host access, and changes \
      nothing unless --fix is given. The status is 1 when something is wrong.

      EXAMPLES
        ipvlanctl doctor
        ipvlanctl doctor --fix   mend what is safe: garbage, host access, masters that are down
        ipvlanctl doctor -o json | jq -r '.[].kind'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @OptionGroup var metadata: MetadataOptions
  @Flag(help: "Mend what can be mended safely, and look again.")
  var fix = false

  func run() throws {
    let sources = metadata.complete(paths.sources)
    let report = try fix ? DoctorReport.fixing(sources) : DoctorReport(sources)
    CommandOutput.show(report, as: listing.output, status: report.isHealthy ? 0 : 1)
  }
}
