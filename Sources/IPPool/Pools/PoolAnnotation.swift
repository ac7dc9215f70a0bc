internal import Addressing
internal import JSON

/// The pod's own choice of pools, which Spiderpool's users write as an annotation.
enum PoolAnnotation {
  /// For every interface of the pod.
  static let one = "ipam.spidernet.io/ippool"
  /// For each interface its own.
  static let perInterface = "ipam.spidernet.io/ippools"

  /// The names by family; `nil` when the pod does not choose.
  ///
  /// `ippools` names an interface for each entry, and goes before `ippool`, which is for all of them.
  /// - Throws: ``AllocationError`` for an annotation that cannot be read: a pod that asks for certain pools
  ///   must not get an address of others.
  static func names(_ request: AllocationRequest) throws(AllocationError) -> [IPFamily: [String]]? {
    do throws(JSONFieldError) {
      if let text = request.annotations[perInterface] {
        for entry in try JSONFields(["entries": parse(text, perInterface)]).objects("entries") ?? []
        where try entry.string("interface") ?? "eth0" == request.attachment.ifname {
          return try PoolConfiguration.byFamily(entry)
        }
      }
      guard let text = request.annotations[one] else { return nil }
      guard let object = try parse(text, one).object else {
        throw JSONFieldError(.wrongType, path: one, value: .string(text), problem: "must be an object")
      }
      return try PoolConfiguration.byFamily(JSONFields(object))
    } catch {
      throw AllocationError(.invalidConfiguration, "the pod's annotation cannot be used: \(error)")
    }
  }

  /// More text than this, in bytes, is no choice of pools: whoever may start pods must not make the node work.
  private static let longest = 16 << 10

  private static func parse(_ text: String, _ key: String) throws(JSONFieldError) -> JSONValue {
    guard text.utf8.count <= longest else {
      throw JSONFieldError(
        path: key, value: .string(String(text.prefix(100))),
        problem: "must have at most \(longest >> 10) KiB; it has \(text.utf8.count) bytes")
    }
    do throws(JSONSyntaxError) { return try JSONValue(parsing: Array(text.utf8)) } catch {
      throw JSONFieldError(path: key, value: .string(text), problem: "must be JSON: \(error)")
    }
  }
}
