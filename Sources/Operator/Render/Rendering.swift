internal import JSON
internal import Platform
internal import YAML

/// SpiderMultusConfig documents turned into what runtimes or Multus read.
package struct Rendering: Sendable {
  /// What is written.
  package enum Form: String, Sendable, CaseIterable {
    /// CNI configuration lists, for /etc/cni/net.d.
    case cni
    /// NetworkAttachmentDefinitions, for the API server.
    case nad
  }

  /// One rendered document.
  package struct Document: Sendable {
    /// The name of a file for it.
    package let fileName: String
    /// Its content.
    package let text: String
  }

  /// In the order of the documents.
  package private(set) var documents: [Document] = []
  /// What must be there first, and documents that were passed over.
  package private(set) var remarks: [String] = []

  private let form: Form

  /// Renders all documents of a text.
  /// - Throws: ``UserError`` for the first that cannot be rendered, with its line.
  package init(_ text: [UInt8], source: String, as form: Form, mode: String) throws(UserError) {
    self.form = form
    var configurations: [(configuration: MultusConfiguration, place: String)] = []
    for document in YAMLText.documents(in: text) {
      switch document {
      case .failure(let error): throw UserError("\(source):\(error.line): \(error.problem)")
      case .success(let document): configurations += try self.configurations(document, source)
      }
    }
    guard !configurations.isEmpty else {
      throw UserError(
        "\(source) has no document of kind SpiderMultusConfig; an example: ipvlanctl render --help")
    }
    try refuseDuplicates(configurations)
    for (number, entry) in configurations.enumerated() {
      let configuration = entry.configuration
      remarks += configuration.prerequisites.map { "\(configuration.name) needs on every node: \($0)" }
      remarks += configuration.remarks.map { "\(configuration.name): \($0)" }
      let isAlone = configurations.count { $0.configuration.name == configuration.name } == 1
      documents.append(try self.document(configuration, number, isAlone: isAlone, mode: mode))
    }
    if mode == "l3s" { remarks.append(Self.ownFilters) }
  }

  private static let ownFilters =
    "in l3s, packets from the wire pass neither PREROUTING nor INPUT of the pod's own namespace: a mesh's sidecar, "
    + "a firewall in the pod, a VM or Docker in it needs --mode l3 (see \"Choosing a mode\")"

  private mutating func configurations(
    _ document: YAMLDocument, _ source: String
  ) throws(UserError) -> [(configuration: MultusConfiguration, place: String)] {
    var configurations: [(configuration: MultusConfiguration, place: String)] = []
    for object in document.objects {
      do throws(JSONFieldError) {
        let object = try object.get()
        let line = document.line(of: object.fields.path)
        guard object.kind == "SpiderMultusConfig" else {
          let kind = object.kind ?? "no kind"
          remarks.append("\(source):\(line): passed over, it is \(kind) and no SpiderMultusConfig")
          continue
        }
        configurations.append((try MultusConfiguration(object), "\(source):\(line)"))
      } catch {
        throw UserError("\(source):\(document.line(of: error.path)): \(error)")
      }
    }
    return configurations
  }

  /// Of two with one name the later would replace the earlier, or a runtime would take either.
  private func refuseDuplicates(
    _ configurations: [(configuration: MultusConfiguration, place: String)]
  ) throws(UserError) {
    var places: [String: String] = [:]
    for (configuration, place) in configurations {
      let name =
        switch form {
        case .cni: "network \(configuration.network)"
        case .nad: "NetworkAttachmentDefinition \(configuration.namespace)/\(configuration.name)"
        }
      if let other = places.updateValue(place, forKey: name) {
        throw UserError(
          "\(place): \(name) is at \(other) too"
            + (form == .cni ? "; a CNI configuration has no namespace that would keep them apart" : ""))
      }
    }
  }

  private func document(
    _ configuration: MultusConfiguration, _ number: Int, isAlone: Bool, mode: String
  ) throws(UserError) -> Document {
    let text = try configuration.configuration(mode: mode)
    switch form {
    case .cni:
      let json = try? JSONValue(parsing: Array(text.utf8))
      guard let object = json?.object else {
        throw UserError("\(configuration.name) has no customCNI, and nothing is left to render")
      }
      let ending = object["plugins"] == nil ? "conf" : "conflist"
      return Document(
        fileName: "\(10 + number)-\(configuration.network).\(ending)",
        text: text.hasSuffix("\n") ? text : text + "\n")
    case .nad:
      // A name of Kubernetes has no underscore.
      let name = isAlone ? configuration.name : "\(configuration.namespace)_\(configuration.name)"
      return Document(fileName: "\(name).yaml", text: Self.definition(configuration, text))
    }
  }

  /// The configuration stands in a literal block, so that it can be read and compared.
  private static func definition(_ configuration: MultusConfiguration, _ text: String) -> String {
    let head = """
      apiVersion: k8s.cni.cncf.io/v1
      kind: NetworkAttachmentDefinition
      metadata:
        name: \(YAMLText.scalar(configuration.name))
        namespace: \(YAMLText.scalar(configuration.namespace))

      """
    guard !text.isEmpty else { return head + "spec: {}\n" }
    // A block ends with one line feed, unless its head says otherwise, and begins without spaces.
    let indentation = text.first == " " ? "2" : ""
    let lines = (text.hasSuffix("\n") ? text.dropLast() : text[...]).split(
      separator: "\n", omittingEmptySubsequences: false)
    let block = lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined()
    return head + "spec:\n  config: |\(indentation)\(text.hasSuffix("\n") ? "" : "-")\n" + block
  }

  /// All documents as one text.
  package var text: String { documents.map(\.text).joined(separator: form == .nad ? "---\n" : "") }

  /// Writes each document into a file of its own, of that directory and no other.
  /// - Throws: ``UserError`` when a file cannot be written.
  package func write(to directory: String) throws(UserError) {
    for document in documents {
      let path = "\(directory)/\(document.fileName)"
      do throws(Errno) { try Files.replace(path, with: Array(document.text.utf8)) } catch {
        throw UserError("\(path) cannot be written: \(error)")
      }
    }
  }
}
