/// What the server keeps of a kind, as a Swift type.
///
/// Only the fields that a type declares survive being read and written back with
/// ``APIClient/replace(_:_:subresource:)``. Types that describe a part of an object are written with
/// ``APIClient/mergePatch(_:_:namespace:subresource:patch:)`` or applied; ``UnstructuredObject`` keeps every field.
public protocol KubernetesObject: Codable, Sendable {
  /// Name, namespace, identity and version.
  var metadata: ObjectMetadata { get set }
}

/// A collection of the API: where the objects of a kind are found, and the Swift type that reads them.
public struct Resource<Object: KubernetesObject>: Sendable, Hashable {
  /// The API group; empty for the core group.
  public let group: String
  /// The version that is asked for.
  public let version: String
  /// The name in paths and rules: `spiderippools`.
  public let plural: String
  /// The kind that objects carry: `SpiderIPPool`.
  public let kind: String
  /// Whether objects lie in namespaces.
  public let isNamespaced: Bool

  /// Describes a collection.
  public init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool) {
    self.group = group
    self.version = version
    self.plural = plural
    self.kind = kind
    self.isNamespaced = isNamespaced
  }

  /// Group and version as objects carry them.
  public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// As `kubectl` names it: `spiderippools.spiderpool.spidernet.io`.
  public var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

  /// The same collection, read as another type.
  public func reading<Other: KubernetesObject>(_: Other.Type) -> Resource<Other> {
    Resource<Other>(group: group, version: version, plural: plural, kind: kind, isNamespaced: isNamespaced)
  }

  func path(namespace: String?, name: String? = nil, subresource: Subresource = .none) -> String {
    var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    if let namespace { path += "/namespaces/\(percentEncoded(namespace))" }
    path += "/\(plural)"
    if let name { path += "/\(percentEncoded(name))" }
    if subresource == .status { path += "/status" }
    return path
  }

  func subject(namespace: String?, name: String? = nil, subresource: Subresource = .none) -> String {
    let what = subresource == .status ? "\(qualifiedName)/status" : qualifiedName
    guard let name else { return namespace.map { "\(what) in namespace \($0)" } ?? what }
    return "\(what) \(ObjectKey(namespace: namespace, name: name))"
  }
}

/// The part of an object that a request is about.
public enum Subresource: Sendable, Hashable {
  /// The object; where there is a status subresource, without its status.
  case none
  /// The status only.
  case status
}

/// Which objects of a collection are meant. The server does the choosing.
public struct Selection: Sendable, Hashable {
  /// A label selector: `app=web,tier!=cache`.
  public var labels: String?
  /// A field selector: `spec.nodeName=master`.
  public var fields: String?

  /// Objects that both selectors choose; an absent selector chooses all.
  public init(labels: String? = nil, fields: String? = nil) {
    self.labels = labels
    self.fields = fields
  }

  /// Every object.
  public static let all = Selection()

  var query: [(String, String)] {
    var query: [(String, String)] = []
    if let labels { query.append(("labelSelector", labels)) }
    if let fields { query.append(("fieldSelector", fields)) }
    return query
  }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
func percentEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var bytes: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      bytes.append(byte)
    default:
      bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
