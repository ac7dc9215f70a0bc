internal import Platform
internal import YAML

/// The name of a NetworkAttachmentDefinition: `namespace/name`.
package struct NetworkName: Sendable, Hashable, CustomStringConvertible {
  /// The namespace.
  package let namespace: String
  /// The name in it.
  package let name: String

  /// `namespace/name`.
  package var description: String { "\(namespace)/\(name)" }

  /// Names a definition; `nil` for what the API server takes for no name.
  package init?(namespace: String, name: String) {
    guard ObjectName.isLabel(namespace), ObjectName.isSubdomain(name) else { return nil }
    self.namespace = namespace
    self.name = name
  }

  /// Reads `namespace/name`, or `name`, which lies in `namespace` then.
  package init?(_ text: String, in namespace: String) {
    let parts = text.fields(separatedBy: UInt8(ascii: "/"), omittingEmpty: false)
    switch parts.count {
    case 1: self.init(namespace: namespace, name: parts[0])
    case 2: self.init(namespace: parts[0], name: parts[1])
    default: return nil
    }
  }
}
