import ArgumentParser
import Operator
import Platform

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
  var configurations = NodeSources().configurations
  @Option(
    name: .customLong("cache-dir"),
    help: ArgumentHelp("libcni's cache of attachments.", valueName: "directory"), completion: .directory)
  var cache = NodeSources().cache

  var sources: NodeSources {
    var sources = NodeSources()
    sources.configurations = configurations
    sources.cache = cache
    return sources
  }
}

extension ParsableArguments {
  /// Refuses directories that the plugin would look for elsewhere, by the names of their options.
  func requireAbsolute(_ directories: KeyValuePairs<String, String>) throws(ValidationError) {
    for (option, path) in directories where !path.hasPrefix("/") {
      throw ValidationError("--\(option) \(path) must be an absolute path.")
    }
  }
}

/// Where EC2 tells what the NICs own.
struct MetadataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The instance metadata service; else $\(MetadataEndpoint.variable), else on EC2 \(MetadataEndpoint.standard).",
      valueName: "url"))
  var imdsEndpoint: String?

  mutating func validate() throws {
    if let text = name, MetadataEndpoint(text) == nil {
      throw ValidationError("\(text) is not of the form http://ADDRESS[:PORT].")
    }
  }

  /// The service that was named.
  var named: MetadataEndpoint? { name.flatMap(MetadataEndpoint.init) }

  private var name: String? {
    let name = imdsEndpoint ?? Environment.current()[MetadataEndpoint.variable]
    return name.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The sources of a node, with the service that was named, or that this instance has.
  func complete(_ sources: NodeSources) -> NodeSources {
    var sources = sources
    sources.metadata = named ?? (Instance.isHere ? .standard : nil)
    return sources
  }
}
