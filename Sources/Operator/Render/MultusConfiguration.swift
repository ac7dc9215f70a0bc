internal import CNI
package import JSON
internal import Netlink
package import YAML

/// A SpiderMultusConfig, as Spiderpool's guide writes it: of ipvlan, or of the cniType custom, which brings its CNI
/// configuration along.
package struct MultusConfiguration: Sendable {
  /// The name of the NetworkAttachmentDefinition: `metadata.name`, unless an annotation gives another.
  package let name: String
  /// `metadata.namespace`.
  package let namespace: String
  /// The network's name in its configuration.
  let network: String
  /// What the document asks Spiderpool to make, and must be there already here.
  let prerequisites: [String]
  /// What the document says in vain.
  let remarks: [String]
  /// `ipvlan-cni.dev/mode`; Spiderpool has no key for it.
  private let mode: String?
  private let content: Content

  private enum Content: Sendable {
    case ipvlan(IPVLANNetwork)
    /// A CNI configuration, or a list of them. Empty where Multus is to look for a file of the network's name.
    case custom(String)
  }

  /// The `cniType`s that are served here.
  package static let types = ["ipvlan", "custom"]

  private static let keys = [
    "cniType", "ipvlan", "enableCoordinator", "coordinator", "disableIPAM", "customCNI", "chainCNIJsonData",
  ]

  /// Reads a document. A key that is not known is refused on every level: without the pools that were meant, pods
  /// get addresses of any.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  package init(_ object: KubernetesObject) throws(JSONFieldError) {
    try object.requireGroup("spiderpool.spidernet.io", version: "v2beta1")
    try object.refuseUnknownKeys()
    (name, network) = try Self.names(object)
    namespace = try object.namespace()
    mode = try object.annotation("ipvlan-cni.dev/mode")
    let version = try Self.version(object)
    let spec = try object.fields.required("spec", object.fields.fields("spec"))
    let type = try spec.required("cniType", spec.string("cniType"))
    guard Self.types.contains(type) else {
      throw spec.error(
        "cniType", "must be ipvlan or custom: other types are served by Spiderpool", kind: .unsupported)
    }
    try spec.refuseUnknownKeys(known: Self.keys)
    if type == "custom" {
      content = .custom(try Self.custom(spec))
      (prerequisites, remarks) = ([], [])
      return
    }
    if let custom = try spec.string("customCNI"), !custom.isEmpty {
      throw spec.error("customCNI", "is for cniType custom", kind: .unsupported)
    }
    let network = try IPVLANNetwork(spec, network: "\(namespace)/\(name)", version: version)
    content = .ipvlan(network)
    (prerequisites, remarks) = (network.prerequisites, network.remarks)
    if let mode {
      guard IPVLANMode(mode) != nil else {
        throw Self.annotationError(object, "ipvlan-cni.dev/mode", "must be l2, l3 or l3s")
      }
      do throws(UserError) { _ = try network.configurationList(name: name, mode: mode) } catch {
        throw Self.annotationError(object, "ipvlan-cni.dev/mode", "does not go with the rest: \(error)")
      }
    }
  }

  /// The CNI configuration that stands for it, as a text.
  ///
  /// - Parameter mode: that of the links, where the document names none. Spiderpool always takes l2; access from the
  ///   node needs another.
  package func configuration(mode: String) throws(UserError) -> String {
    switch content {
    case .custom(let text): return text
    case .ipvlan(let ipvlan):
      let list = JSONValue.object(try ipvlan.configurationList(name: network, mode: self.mode ?? mode))
      return String(decoding: list.serialized(indented: true), as: UTF8.self) + "\n"
    }
  }

  private static func custom(_ spec: JSONFields) throws(JSONFieldError) -> String {
    for key in ["ipvlan", "chainCNIJsonData"] where spec.value(key)?.array?.isEmpty != true {
      if spec.value(key) != nil { throw spec.error(key, "is not for cniType custom", kind: .unsupported) }
    }
    guard let text = try spec.string("customCNI"), !text.isEmpty else { return "" }
    guard let configuration = (try? JSONValue(parsing: Array(text.utf8)))?.object else {
      throw spec.error("customCNI", "must be the text of a JSON object")
    }
    let plugins = configuration["plugins"]?.array ?? [.object(configuration)]
    guard !plugins.isEmpty, plugins.allSatisfy({ $0.object?["type"]?.string?.isEmpty == false }) else {
      throw spec.error("customCNI", "must be a CNI configuration: each plugin of it needs a type")
    }
    return text
  }

  /// The names of the definition and of the network.
  private static func names(_ object: KubernetesObject) throws(JSONFieldError) -> (String, String) {
    let own = try object.name()
    var names = [own, own]
    for (index, key) in ["multus.spidernet.io/cr-name", "cni.spidernet.io/cniconfig-name"].enumerated() {
      guard let name = try object.annotation(key), !name.isEmpty else { continue }
      guard ObjectName.hasFittingCharacters(name) else { throw annotationError(object, key, ObjectName.rule) }
      names[index] = name
      // The configuration is named as the definition, unless it has a name of its own.
      if index == 0 { names[1] = name }
    }
    return (names[0], names[1])
  }

  private static func version(_ object: KubernetesObject) throws(JSONFieldError) -> String {
    let key = "multus.spidernet.io/cni-version"
    guard let version = try object.annotation(key), !version.isEmpty else { return "1.0.0" }
    guard SpecVersion(rawValue: version) != nil else {
      let known = SpecVersion.allCases.map(\.rawValue).joined(separator: ", ")
      throw annotationError(object, key, "must be one of \(known)")
    }
    return version
  }

  private static func annotationError(
    _ object: KubernetesObject, _ key: String, _ problem: String
  ) -> JSONFieldError {
    JSONFieldError(
      path: "\(object.fields.path(of: "metadata.annotations")).\(key)",
      value: (try? object.annotation(key)).map(JSONValue.string), problem: problem)
  }
}
