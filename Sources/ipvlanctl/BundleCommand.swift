import ArgumentParser
import Operator
import Platform

struct BundleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle", abstract: "Packs everything that a bug report needs into one archive.",
    discussion: """
      Links, leases, pools, findings, configurations, pool documents, cached attachments, and the last mebibyte of \
      each operation log. Values whose key sounds like a secret are left out, and files that are not understood. \
      Collecting ends after 20 seconds or 32 MiB.

      EXAMPLES
        ipvlanctl bundle
        ipvlanctl bundle --to /tmp/node7.tar.gz
      """)

  @OptionGroup var paths: PathOptions
  @OptionGroup var metadata: MetadataOptions
  @Option(
    help: ArgumentHelp("The archive to write; else ipvlan-HOST.tar.gz here.", valueName: "file"),
    completion: .file())
  var to: String?

  func run() throws {
    let bundle = try Bundle(metadata.complete(paths.sources))
    let path = to ?? "ipvlan-\(HostName.current).tar.gz"
    try bundle.write(to: path)
    ProcessOutput.finish(
      output: Array("\(path)\n".utf8), remarks: CommandOutput.notes(bundle.remarks), status: 0)
  }
}
