internal import JSON
internal import Platform
internal import SystemPackage
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

  /// Renders all documents of a text.
  /// - Throws: ``Refusal`` for the first that cannot be rendered, with its line.
  package init(_ text: [UInt8], source: String, as form: Form, mode: String) throws(Refusal) {
    for document in YAMLText.documents(in: text) {
      switch document {
      case .failure(let error): throw Refusal("\(source):\(error.line): \(error.problem)")
      case .success(let document): try take(document, source, form, mode)
      }
    }
    guard !documents.isEmpty else {
      throw Refusal(
        "\(source) has no document of kind SpiderMultusConfig; an example: ipvlanctl render --help")
    }
  }

  private mutating func take(
    _ document: YAMLDocument, _ source: String, _ form: Form, _ mode: String
  ) throws(Refusal) {
    guard let object = document.value.object, object["kind"]?.string == "SpiderMultusConfig" else {
      let kind = document.value.object?["kind"]?.string ?? "no kind"
      remarks.append("\(source):\(document.line): passed over, it is \(kind) and no SpiderMultusConfig")
      return
    }
    let configuration: MultusConfiguration
    do throws(JSONFieldError) { configuration = try MultusConfiguration(JSONFields(object)) } catch {
      throw Refusal("\(source):\(document.line(of: error.path)): \(error)")
    }
    remarks += configuration.prerequisites.map { "\(configuration.name) needs on every node: \($0)" }
    let list = JSONValue.object(try configuration.configurationList(mode: mode))
    let json = String(decoding: list.serialized(indented: true), as: UTF8.self)
    switch form {
    case .cni:
      let number = 10 + documents.count
      documents.append(Document(fileName: "\(number)-\(configuration.name).conflist", text: json + "\n"))
    case .nad:
      documents.append(
        Document(fileName: "\(configuration.name).yaml", text: Self.definition(configuration, json)))
    }
  }

  /// The configuration stands in a literal block, so that it can be read and compared.
  private static func definition(_ configuration: MultusConfiguration, _ json: String) -> String {
    let block = json.split(separator: "\n").map { "    \($0)\n" }.joined()
    return """
      apiVersion: k8s.cni.cncf.io/v1
      kind: NetworkAttachmentDefinition
      metadata:
        name: \(configuration.name)
        namespace: \(configuration.namespace)
      spec:
        config: |

      """ + block
  }

  /// All documents as one text.
  package var text: String {
    documents.map(\.text).joined(
      separator: documents.first?.fileName.hasSuffix(".yaml") ?? false ? "---\n" : "")
  }

  /// Writes each document into a file of its own.
  /// - Throws: ``Refusal`` when a file cannot be written.
  package func write(to directory: String) throws(Refusal) {
    for document in documents {
      let path = "\(directory)/\(document.fileName)"
      do throws(Errno) { try Files.replace(path, with: Array(document.text.utf8)) } catch {
        throw Refusal("\(path) cannot be written: \(error)")
      }
    }
  }
}
