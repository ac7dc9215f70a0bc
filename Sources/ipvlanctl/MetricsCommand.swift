import ArgumentParser
import Operator
import Platform

struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Writes pools, attachments, operations and findings for Prometheus.",
    discussion: """
      Operations are counted from the log files that the configurations name (key logFile).

      EXAMPLES
        ipvlanctl metrics
        ipvlanctl metrics --textfile /var/lib/prometheus/node-exporter/ipvlan.prom   from a timer
      """)

  @OptionGroup var paths: PathOptions
  @OptionGroup var metadata: MetadataOptions
  @Option(help: ArgumentHelp("Replace this file instead.", valueName: "file"), completion: .file())
  var textfile: String?

  func run() throws {
    let metrics = try Metrics(metadata.complete(paths.sources))
    if let textfile { try metrics.write(to: textfile) }
    ProcessOutput.finish(
      output: textfile == nil ? Array(metrics.text.utf8) : [],
      remarks: CommandOutput.notes(metrics.remarks), status: 0)
  }
}
