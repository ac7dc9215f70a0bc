internal import CNI
internal import JSON
internal import MultiNetwork
package import Platform

/// The networks of a node: its configuration directory, and those that only libcni's cache knows, as networks
/// of Kubernetes' NetworkAttachmentDefinitions are.
package struct NetworkDirectory: Sendable {
  /// The networks of files, in the order of the files' names, then those of the cache.
  package private(set) var networks: [Network] = []
  /// Files that cannot be used.
  package private(set) var faults: [Fault] = []

  /// A file that cannot be used.
  package struct Fault: Sendable {
    package let file: String
    package let problem: String
    /// It is the directory itself.
    package var isDirectory = false
    /// Of pods that name no network: the file is used, and something else has to be mended.
    package var remedy: ShellCommand?
  }

  /// Reads `*.conflist`, `*.conf` and `*.json`, as runtimes do.
  package init(_ directory: String, cache: AttachmentCache) {
    let names: [String]
    do throws(Errno) { names = try Files.names(in: directory) } catch {
      names = []
      faults.append(Fault(file: directory, problem: "cannot be listed: \(error)", isDirectory: true))
    }
    for name in names where NetworkConfiguration.isFile(named: name) {
      let file = "\(directory)/\(name)"
      do {
        let value = try JSONValue(parsing: try Files.read(file))
        networks.append(try Network(JSONFields(value.object ?? [:], ignoringCase: true), source: file))
      } catch {
        faults.append(Fault(file: file, problem: "\(error)"))
      }
    }
    for network in networks { addNetworks(of: network) }
    for entry in cache.attachments {
      guard !networks.contains(where: { $0.name == entry.id.network }), let document = entry.configuration,
        let network = try? Network(JSONFields(document, ignoringCase: true), source: entry.file)
      else { continue }
      networks.append(network)
    }
  }

  /// Those that `ipvlan-multi` attaches this node's pods to; the cluster's definitions may be for other nodes.
  private mutating func addNetworks(of network: Network) {
    for plugin in network.plugins where plugin.value("type")?.string == MultiNetworkPlugin.name {
      do throws(JSONFieldError) {
        let configuration = try MultiConfiguration(plugin)
        if let problem = configuration.defaultProblem() {
          faults.append(
            Fault(
              file: network.source, problem: problem.message, remedy: ShellCommand(advice: problem.details)))
        }
        for list in configuration.listsInUse() where !networks.contains(where: { $0.name == list.name }) {
          let document = JSONFields(list.json, ignoringCase: true)
          networks.append(try Network(document, source: network.source))
        }
      } catch {
        faults.append(Fault(file: network.source, problem: "\(error)"))
      }
    }
  }

  /// The networks that use this plugin.
  package var ipvlanNetworks: [Network] { networks.filter { $0.ipvlan != nil } }

  /// The operation logs that they name, each once.
  var logFiles: [String] {
    Set(ipvlanNetworks.compactMap { $0.ipvlan?.value("logFile")?.string }).sorted()
  }

  /// The network of that name.
  package func network(named name: String) -> Network? { networks.first { $0.name == name } }
}
