package import Addressing
package import JSON

/// The document on stdin: the keys that the specification gives a meaning, and access to the plugin's own.
package struct NetworkConfiguration: Sendable {
  /// The version that results and errors follow.
  package let cniVersion: SpecVersion
  /// The name of the network.
  package let name: String
  /// The plugin that the document is for.
  package let type: String
  /// The whole document, for keys of the plugin's own.
  package let fields: JSONFields
  /// The document as it came, for delegates.
  package let bytes: [UInt8]
  /// The IPAM plugin's part; `nil` when it is absent or empty, or cannot be read and the command is lenient.
  package let ipam: JSONFields?
  /// Values for the capabilities that the configuration declares.
  package let runtimeConfig: JSONFields?
  /// `args.cni`, which goes before CNI_ARGS.
  package let arguments: JSONFields?
  /// GC: what to keep; `nil` when the runtime did not say.
  package let validAttachments: [Attachment]?

  /// The member of `runtimeConfig` with the pod's annotations, which containerd and CRI-O pass.
  package static let annotationsKey = "io.kubernetes.cri.pod-annotations"

  /// Whether libcni takes a file of that name in a configuration directory for a network.
  package static func isFile(named name: String) -> Bool {
    [".conflist", ".conf", ".json"].contains(where: name.hasSuffix)
  }

  /// Reads the document and checks what `command` needs of it.
  ///
  /// - Parameter annotations: the annotations of the pod that are read. Pods have any, and much text in them; the others
  ///   are passed over.
  /// - Throws: ``CNIError`` with code 1, 6 or 7.
  package init(
    _ bytes: [UInt8], for command: Command, annotations: [JSONSelection.Rule] = []
  ) throws(CNIError) {
    let document: JSONFields
    do throws(JSONSyntaxError) {
      let value = try JSONValue(parsing: bytes, selecting: Self.selection(annotations))
      guard let object = value.object else {
        throw JSONSyntaxError(
          problem: "\(value.kind) where the configuration's object is expected", line: 1, column: 1)
      }
      document = JSONFields(object, ignoringCase: true)
    } catch {
      throw CNIError(
        code: .decodingFailure, message: "the network configuration on stdin is not valid JSON: \(error)")
    }
    self.bytes = bytes
    fields = document
    cniVersion = try Self.version(document)
    if cniVersion < command.firstVersion {
      throw CNIError(
        code: .incompatibleVersion,
        message: "\(command.rawValue) needs cniVersion \(command.firstVersion.rawValue) or later; "
          + "the configuration says \(cniVersion.rawValue)")
    }
    do throws(JSONFieldError) {
      name = try Self.name(document)
      // Without the plugin's keys it would be another network: in the default mode, without addresses.
      if !command.isLenient, document.value("plugins") != nil {
        throw JSONFieldError(
          path: document.path(of: "plugins"), value: nil,
          problem:
            "is of a configuration list: a plugin gets one member of it, with the list's name and cniVersion")
      }
      type = try Self.read(command) { () throws(JSONFieldError) in try document.string("type") } ?? ""
      ipam = try Self.read(command) { () throws(JSONFieldError) in try Self.ipam(document) }
      runtimeConfig = try Self.read(command) { () throws(JSONFieldError) in
        try document.fields("runtimeConfig")
      }
      arguments = try Self.read(command) { () throws(JSONFieldError) in
        try document.fields("args")?.fields("cni")
      }
      validAttachments = try Self.read(command) { () throws(JSONFieldError) in
        try Self.validAttachments(document)
      }
    } catch {
      throw CNIError(error)
    }
  }

  /// The whole document, with these of the pod's annotations.
  static func selection(_ annotations: [JSONSelection.Rule]) -> JSONSelection {
    JSONSelection(path: ["runtimeConfig", annotationsKey], rules: annotations)
  }

  /// What a lenient command cannot read is absent.
  private static func read<Value>(
    _ command: Command, _ body: () throws(JSONFieldError) -> Value?
  ) throws(JSONFieldError) -> Value? {
    do throws(JSONFieldError) { return try body() } catch {
      guard command.isLenient else { throw error }
      return nil
    }
  }

  private static func ipam(_ document: JSONFields) throws(JSONFieldError) -> JSONFields? {
    try document.fields("ipam").flatMap { $0.object.members.isEmpty ? nil : $0 }
  }

  /// The type of the IPAM plugin; `nil` without IPAM, for which some write an empty text.
  /// - Throws: ``CNIError`` when the key is missing or no string.
  package func ipamType() throws(CNIError) -> String? {
    do throws(JSONFieldError) {
      // Not the property: what could not be read there must not look like no IPAM at all.
      guard let ipam = try Self.ipam(fields) else { return nil }
      let type = try ipam.required("type", ipam.string("type"))
      return type.isEmpty ? nil : type
    } catch {
      throw CNIError(error)
    }
  }

  /// The result of the plugin before this one, or of the ADD that CHECK and DEL are about.
  ///
  /// It is read only when asked for, so that a broken one never keeps DEL from its work.
  /// - Throws: ``CNIError`` with code 6 or 7.
  package func prevResult() throws(CNIError) -> CNIResult? {
    do throws(JSONFieldError) {
      guard let previous = try fields.fields("prevResult") else { return nil }
      return try CNIResult(previous)
    } catch {
      throw CNIError(error)
    }
  }

  /// Name service settings of the configuration's own; empty when it has none.
  /// - Throws: ``CNIError`` with code 6.
  package func dns() throws(CNIError) -> DNSConfiguration {
    do throws(JSONFieldError) {
      guard let settings = try fields.fields("dns") else { return DNSConfiguration() }
      return try DNSConfiguration(settings)
    } catch {
      throw CNIError(error)
    }
  }

  /// The version that the document names; 0.1.0 when it names none.
  /// - Throws: ``CNIError`` with code 1 for a version that is not supported, 6 for a value that is no string, 7 for one with a NUL.
  static func version(_ document: JSONFields) throws(CNIError) -> SpecVersion {
    let text: String
    do throws(JSONFieldError) {
      text = try document.string("cniVersion") ?? ""
    } catch {
      throw CNIError(error)
    }
    guard !text.isEmpty else { return .v0_1_0 }
    guard let version = SpecVersion(rawValue: text) else {
      throw CNIError(
        code: .incompatibleVersion, message: "key \"cniVersion\" with value \"\(text)\" is not supported",
        details: "supported are \(SpecVersion.allCases.map { $0.rawValue }.joined(separator: ", "))")
    }
    return version
  }

  private static func name(_ document: JSONFields) throws(JSONFieldError) -> String {
    let name = try document.required("name", document.string("name"))
    guard Identifiers.isIdentifier(name) else {
      throw document.error(
        "name", "must consist of letters, digits, '_', '.', '-' and start with one of the first two")
    }
    return name
  }

  private static func validAttachments(_ document: JSONFields) throws(JSONFieldError) -> [Attachment]? {
    let key = "cni.dev/valid-attachments"
    guard let entries = try document.objects(key) else { return nil }
    var attachments: [Attachment] = []
    for entry in entries {
      attachments.append(
        Attachment(
          containerID: try entry.required("containerID", entry.string("containerID")),
          ifname: try entry.required("ifname", entry.string("ifname"))))
    }
    return attachments
  }
}
