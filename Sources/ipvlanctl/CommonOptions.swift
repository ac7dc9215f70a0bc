import ArgumentParser
import Operator

/// What every listing takes.
struct ListingOptions: ParsableArguments {
  @Option(name: [.short, .long], help: "How to write it: table, or json for programs.")
  var output: OutputFormat = .table
}

/// Where the node keeps its files.
struct PathOptions: ParsableArguments {
  @Option(
    name: .customLong("conf-dir"), help: ArgumentHelp("The network configurations.", valueName: "directory"),
    completion: .directory)
  var configurations = NodePaths().configurations
  @Option(
    name: .customLong("cache-dir"),
    help: ArgumentHelp("libcni's cache of attachments.", valueName: "directory"), completion: .directory)
  var cache = NodePaths().cache

  var paths: NodePaths {
    var paths = NodePaths()
    paths.configurations = configurations
    paths.cache = cache
    return paths
  }
}
