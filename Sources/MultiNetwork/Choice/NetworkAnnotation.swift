internal import Addressing
package import CNI
internal import JSON
internal import Platform

/// The text of an annotation that names networks, in either of its forms: `namespace/name@interface`, several
/// separated by commas; or a JSON list of objects.
package struct NetworkAnnotation: Sendable {
  /// The network of `eth0`, in the place of the node's default network.
  package static let defaultNetwork = "v1.multus-cni.io/default-network"
  /// The further networks.
  package static let networks = "k8s.v1.cni.cncf.io/networks"

  private let key: String
  private let text: String
  private let owner: String

  /// - Parameters:
  ///   - key: the annotation's name.
  ///   - owner: "pod default/web", for messages.
  package init(_ key: String, _ text: String, of owner: String) {
    self.key = key
    self.text = text
    self.owner = owner
  }

  /// Reads the annotation.
  ///
  /// - Parameter namespace: where a network lies that names no namespace.
  /// - Throws: ``CNIError`` with code 2 or 7 that names the annotation, the pod, and what is wrong in it.
  package func selections(in namespace: String) throws(CNIError) -> [NetworkSelection] {
    // As Multus tells the forms apart.
    let isJSON = text.utf8.contains {
      [UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\"")].contains($0)
    }
    return try isJSON ? elements(namespace) : words(namespace)
  }

  /// An error about the annotation.
  func error(_ problem: String, code: ErrorCode = .invalidConfiguration) -> CNIError {
    CNIError(
      code: code, message: "annotation \(key) of \(owner): \(problem)",
      details: "the annotation is: \(Self.excerpt(text))")
  }

  private func elements(_ namespace: String) throws(CNIError) -> [NetworkSelection] {
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONValue(parsing: Array(text.utf8)) } catch {
      throw self.error("it is no JSON: \(error)")
    }
    guard let list = value.array else { throw error("\(value.kind) where a list of networks is expected") }
    var selections: [NetworkSelection] = []
    for (position, element) in list.enumerated() {
      guard let object = element.object else {
        throw error("[\(position)] is \(element.kind) where an object is expected, with the network's name")
      }
      do throws(JSONFieldError) {
        selections.append(
          try NetworkSelection(JSONFields(object, path: "[\(position)]"), in: namespace))
      } catch {
        throw self.error(
          "\(error)", code: error.kind == .unsupported ? .unsupportedField : .invalidConfiguration)
      }
    }
    return selections
  }

  private func words(_ namespace: String) throws(CNIError) -> [NetworkSelection] {
    guard text.utf8.contains(where: { $0 > 0x20 }) else { return [] }
    var selections: [NetworkSelection] = []
    for word in text.fields(separatedBy: UInt8(ascii: ","), omittingEmpty: false) {
      let word = Self.trimmed(word)
      let parts = word.fields(separatedBy: UInt8(ascii: "@"), omittingEmpty: false)
      guard (1...2).contains(parts.count), let name = NetworkName(parts[0], in: namespace),
        parts.count == 1 || !parts[1].isEmpty
      else {
        throw error("\"\(word)\" is none of the forms name, namespace/name, namespace/name@interface")
      }
      selections.append(NetworkSelection(name, interface: parts.count == 2 ? parts[1] : nil))
    }
    return selections
  }

  private static func trimmed(_ text: String) -> String {
    guard let first = text.utf8.firstIndex(where: { $0 > 0x20 }),
      let last = text.utf8.lastIndex(where: { $0 > 0x20 })
    else { return "" }
    return String(Substring(text.utf8[first...last]))
  }

  private static func excerpt(_ text: String) -> String {
    text.utf8.count > 400 ? String(decoding: text.utf8.prefix(400), as: UTF8.self) + "..." : text
  }
}
