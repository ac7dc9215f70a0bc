package import CNI
internal import JSON
internal import Platform

/// The configurations of networks: from the files of NetworkAttachmentDefinitions that `ipvlan-agent` keeps, and from
/// the node's own, as Multus finds them.
package struct NetworkDefinitions: Sendable {
  /// Where the files of definitions lie.
  package let directory: String
  private let confDirectory: String

  /// What a file may have, in bytes.
  private static let largest = 1 << 20
  /// The annotation by which a network wants a device of the kubelet's.
  package static let resourceAnnotation = "k8s.v1.cni.cncf.io/resourceName"

  /// - Parameters:
  ///   - runDirectory: the agent's directory.
  ///   - confDirectory: that of the node's own networks.
  package init(runDirectory: String, confDirectory: String) {
    directory = "\(runDirectory)/networks"
    self.confDirectory = confDirectory
  }

  /// The path of a definition's file. No name has an underscore, so that no two definitions have one file.
  package func path(_ name: NetworkName) -> String { "\(directory)/\(name.namespace)_\(name.name).json" }

  /// The configuration of a network.
  ///
  /// - Parameter isNodes: the network may be the node's own alone: a default network that names no namespace.
  /// - Throws: ``CNIError`` that names the definition; with code 11 where the agent has written nothing yet.
  package func list(_ name: NetworkName, orOfNode isNodes: Bool = false) throws(CNIError) -> NetworkList {
    let path = path(name)
    guard let bytes = try read(path, name) else {
      if isNodes, let own = try nodesOwn(name.name) { return own }
      throw missing(name, path)
    }
    let text: String?
    do throws(JSONFieldError) {
      text = try Self.configuration(try Self.object(bytes, at: path), of: name)
    } catch {
      throw unusable(name, "\(path): \(error)")
    }
    guard let text, text.utf8.contains(where: { $0 > 0x20 }) else {
      // Such a definition stands for a network of the node's.
      if let own = try nodesOwn(name.name) { return own }
      throw unusable(
        name, "its spec.config is empty, and no file in \(confDirectory) has a network \(name.name)")
    }
    do throws(JSONFieldError) {
      return try NetworkList(
        try Self.object(Array(text.utf8), at: "spec.config"), named: name.name)
    } catch {
      throw unusable(name, "spec.config: \(error)")
    }
  }

  private func read(_ path: String, _ name: NetworkName) throws(CNIError) -> [UInt8]? {
    do throws(Errno) { return try Files.read(path, limit: Self.largest) } catch {
      guard error != .noSuchFileOrDirectory else { return nil }
      throw CNIError(
        code: .ioFailure, message: "\(Self.noun) \(name): \(path) cannot be read", details: "\(error)")
    }
  }

  private static func object(_ bytes: [UInt8], at place: String) throws(JSONFieldError) -> JSONObject {
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONValue(parsing: bytes) } catch {
      throw JSONFieldError(path: place, value: nil, problem: "is no JSON: \(error)")
    }
    guard let object = value.object else {
      throw JSONFieldError(.wrongType, path: place, value: value, problem: "must be an object")
    }
    return object
  }

  /// The text of `spec.config`.
  private static func configuration(
    _ object: JSONObject, of name: NetworkName
  ) throws(JSONFieldError) -> String? {
    let fields = JSONFields(object)
    let metadata = try fields.required("metadata", fields.fields("metadata"))
    guard try metadata.string("namespace") == name.namespace, try metadata.string("name") == name.name else {
      throw metadata.error("name", "is another one: the file is not of this definition")
    }
    if let annotations = try metadata.fields("annotations"), annotations.value(resourceAnnotation) != nil {
      throw annotations.error(
        resourceAnnotation,
        "is not supported: devices that the kubelet has given to the pod are not handed on to networks",
        kind: .unsupported)
    }
    return try fields.fields("spec")?.string("config")
  }

  /// The network of that name among the node's own; the first by the names of the files, as runtimes take them.
  private func nodesOwn(_ name: String) throws(CNIError) -> NetworkList? {
    let files: [String]
    do throws(Errno) { files = try Files.names(in: confDirectory) } catch {
      guard error != .noSuchFileOrDirectory else { return nil }
      throw CNIError(code: .ioFailure, message: "\(confDirectory) cannot be listed", details: "\(error)")
    }
    for file in files where NetworkConfiguration.isFile(named: file) {
      // Who cannot be read may be anybody's.
      guard let bytes = try? Files.read("\(confDirectory)/\(file)", limit: Self.largest),
        let object = (try? JSONValue(parsing: bytes))?.object,
        (try? JSONFields(object, ignoringCase: true).string("name")) == name
      else { continue }
      do throws(JSONFieldError) { return try NetworkList(object, named: name) } catch {
        throw CNIError(
          code: .invalidConfiguration,
          message: "network \(name) of \(confDirectory)/\(file) cannot be used: \(error)")
      }
    }
    return nil
  }

  private static let noun = "NetworkAttachmentDefinition"

  private func missing(_ name: NetworkName, _ path: String) -> CNIError {
    var isThere = true
    do throws(Errno) { _ = try Directory(opening: directory) } catch {
      isThere = error != .noSuchFileOrDirectory
    }
    let remedy =
      "see: kubectl --namespace \(name.namespace) get net-attach-def \(name.name); ipvlanctl kube status"
    guard isThere else {
      return CNIError(
        code: .tryAgainLater, message: "\(Self.noun) \(name) is not known: there is no \(directory) yet",
        details: "ipvlan-agent writes it, when it is told to: --networks; \(remedy)")
    }
    return CNIError(
      code: .invalidConfiguration, message: "\(Self.noun) \(name) is not known: there is no \(path)",
      details: "ipvlan-agent writes it when there is a definition of that name; \(remedy)")
  }

  private func unusable(_ name: NetworkName, _ problem: String) -> CNIError {
    CNIError(
      code: .invalidConfiguration, message: "\(Self.noun) \(name) cannot be used: \(problem)",
      details:
        "mend it: kubectl --namespace \(name.namespace) edit net-attach-def \(name.name)")
  }
}
