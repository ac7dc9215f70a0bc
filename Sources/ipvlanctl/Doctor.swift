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
        ipvlanctl doctor --dry-run   show what --fix would do
        ipvlanctl doctor --fix       mend what is safe: garbage, host access, masters that are down
        ipvlanctl doctor -o json | jq -r '.[].kind'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @OptionGroup var metadata: MetadataOptions
  @Flag(help: "Mend what can be mended safely, and look again.")
  var fix = false
  @Flag(help: "Show what --fix would do, without doing it.")
  var dryRun = false

  func run() throws {
    let look = dryRun ? DoctorReport.planning : fix ? DoctorReport.fixing : { try DoctorReport($0) }
    let report = try look(metadata.complete(paths.sources))
    CommandOutput.show(report, as: listing.output, status: report.isHealthy ? 0 : 1)
  }
}
