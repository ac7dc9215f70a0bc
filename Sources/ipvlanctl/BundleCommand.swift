import ArgumentParser
import Operator
import Platform

struct BundleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle", abstract: "Packs everything that a bug report needs into one archive.",
    discussion: """
      Links, leases, pools, findings, configurations, pool documents, cached attachments, and the last mebibyte of
      each operation log. Values whose key sounds like a secret are left out.

      EXAMPLES
        ipvlanctl bundle
        ipvlanctl bundle --to /tmp/node7.tar.gz
      """)

  @OptionGroup var paths: PathOptions
  @Option(help: ArgumentHelp("The archive to write.", valueName: "file"), completion: .file())
  var to = "ipvlan-\(HostName.current).tar.gz"

  func run() throws {
    let bundle = try Bundle(paths.paths)
    try bundle.write(to: to)
    ProcessOutput.finish(
      output: Array("\(to)\n".utf8), remarks: bundle.remarks.map { "note: \($0)\n" }.joined(), status: 0)
  }
}
