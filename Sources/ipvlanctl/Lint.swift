import ArgumentParser
import Operator

struct Lint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what is wrong in configurations and pool documents, with line and key.",
    discussion: """
      Takes CNI configurations, SpiderIPPool, SpiderReservedIP and SpiderMultusConfig documents and \
      NetworkAttachmentDefinitions, as YAML or JSON; of a directory every file with a name that fits. \
      The status is 1 when something is wrong. A pool that several nodes could share gives nothing unless \
      ipvlan-agent divides it: that is a note, or wrong where a configuration of the same call reads it from its folder.

      EXAMPLES
        ipvlanctl lint /etc/cni/net.d /etc/cni/ippool.d
        ipvlanctl lint pools.yaml
      """)

  @OptionGroup var listing: ListingOptions
  @Argument(help: "Files and directories.", completion: .file())
  var files: [String]

  func run() throws {
    let report = LintReport(files)
    CommandOutput.show(report, as: listing.output, status: report.findings.isEmpty ? 0 : 1)
  }
}
