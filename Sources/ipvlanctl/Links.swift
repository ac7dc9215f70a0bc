import ArgumentParser
import Operator

struct Links: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists every ipvlan link: the node's own and those in pods.",
    discussion: """
      Links are found in every network namespace, also in those that only a process keeps, and whoever made them. \
      Columns that do not fit are left out; -o json has everything.

      EXAMPLES
        ipvlanctl links
        ipvlanctl links --master ens6
        ipvlanctl links -o json | jq '.[] | select(.state != "up")'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @Option(help: ArgumentHelp("Only the slaves of this link.", valueName: "link"))
  var master: String?

  func run() throws {
    let inventory = try Node.inventory(AttachmentCache(directory: paths.sources.cache))
    CommandOutput.show(LinksReport(inventory, master: master), as: listing.output)
  }
}
