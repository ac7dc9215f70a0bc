package import CNI
internal import IPVLAN
package import JSON
internal import YAML

/// The keys of `"type": "ipvlan-multi"`.
package struct MultiConfiguration: Sendable {
  /// The network of `eth0` of pods that name none.
  package let defaultNetwork: NetworkName
  /// The namespace of a default network that names none: Multus' key of that name.
  package let namespace: String
  /// Where `ipvlan-agent` leaves networks and pods.
  package let runDirectory: String
  /// Where networks lie that no NetworkAttachmentDefinition configures.
  package let confDirectory: String
  /// Where it is recorded which networks a container has.
  package let dataDirectory: String

  /// Reads the keys.
  /// - Throws: ``JSONFieldError`` with the value of the key that is wrong.
  package init(_ fields: JSONFields) throws(JSONFieldError) {
    namespace = try fields.string("multusNamespace").flatMap { $0.isEmpty ? nil : $0 } ?? "kube-system"
    guard ObjectName.isLabel(namespace) else {
      throw fields.error("multusNamespace", "must be the name of a namespace")
    }
    let text = try fields.required("defaultNetwork", fields.string("defaultNetwork"))
    guard let name = NetworkName(text, in: namespace) else {
      throw fields.error(
        "defaultNetwork",
        "must be namespace/name of a NetworkAttachmentDefinition, or a name in namespace \(namespace)")
    }
    defaultNetwork = name
    runDirectory = try fields.absolutePath("runDir") ?? "/run/ipvlan"
    confDirectory = try fields.absolutePath("confDir") ?? "/etc/cni/net.d"
    dataDirectory = try fields.absolutePath("dataDir") ?? Self.defaultDataDirectory
  }

  /// Reads the keys of a request.
  /// - Throws: ``CNIError`` for anything in them that cannot be used.
  init(_ request: Request) throws(CNIError) {
    do throws(JSONFieldError) { self = try MultiConfiguration(request.configuration.fields) } catch {
      throw CNIError(error)
    }
  }

  /// Reads the keys of a request for which networks are read anew: not one of a plugin of these networks.
  /// - Throws: ``CNIError`` for anything in them that cannot be used.
  init(ofFirst request: Request) throws(CNIError) {
    try PluginCall.refuseRecursion(request)
    self = try MultiConfiguration(request)
  }

  /// The configurations of networks.
  var definitions: NetworkDefinitions {
    NetworkDefinitions(runDirectory: runDirectory, confDirectory: confDirectory)
  }

  /// The configuration of a network that is to be the default one; in the namespace of those that name none, it may be the
  /// node's own alone.
  func defaultList(_ name: NetworkName) throws(CNIError) -> NetworkList {
    try definitions.list(name, orOfNode: name.namespace == namespace)
  }

  /// The networks of this node's pods, as far as they can be read: what containers are recorded with, and the default one.
  package func listsInUse() -> [NetworkList] {
    let store = RecordStore(directory: dataDirectory)
    var lists: [NetworkList] = []
    if let list = try? defaultList(defaultNetwork) { lists.append(list) }
    for key in (try? store.keys()) ?? [] {
      lists += ((try? store.read(key))?.networks ?? []).map { $0.list.withoutArguments }
    }
    return lists
  }

  /// Why a pod that names no network of its own cannot be attached; `nil` when the default network can be read.
  package func defaultProblem() -> CNIError? {
    do throws(CNIError) {
      _ = try defaultList(defaultNetwork)
      return nil
    } catch {
      return error
    }
  }

  private static let defaultDataDirectory = "/var/lib/cni/ipvlan-multi"

  /// Where the records lie, whatever else is wrong. With a `dataDir` that cannot be read no ADD was served.
  static func dataDirectory(lenient fields: JSONFields) -> String {
    (try? fields.absolutePath("dataDir")) ?? defaultDataDirectory
  }
}
