internal import Addressing
internal import CNI
internal import JSON
internal import MultiNetwork

/// The annotation that tells which networks a pod has, and by which addresses (Network Custom Resource Definition De-facto
/// Standard, section 4.1.3).
enum NetworkStatus {
  static let annotation = "k8s.v1.cni.cncf.io/network-status"

  /// The annotation's text: an entry a network, the default one first.
  ///
  /// - Parameter results: what the networks answered, in their order.
  static func text(_ record: AttachmentRecord, _ results: [JSONObject]) -> String {
    let entries = zip(record.networks, results).map { network, result in
      JSONValue.object(entry(network, result))
    }
    return String(decoding: JSONValue.array(entries).serialized(), as: UTF8.self)
  }

  private static func entry(_ network: PodNetwork, _ answer: JSONObject) -> JSONObject {
    var entry: JSONObject = ["name": .string(network.name), "interface": .string(network.interface)]
    guard let result = try? CNIResult(JSONFields(answer, ignoringCase: true)) else { return entry }
    let position = result.position(of: network.interface)
    let addresses = result.addresses(ofInterface: position, andUnassigned: true)
    if !addresses.isEmpty {
      entry["ips"] = .array(addresses.map { .string("\($0.address.address)") })
    }
    if let position {
      entry["mac"] = result.interfaces[position].mac.map(JSONValue.string)
      entry["mtu"] = result.interfaces[position].mtu.map(JSONValue.int)
    }
    if network.isDefault { entry["default"] = .bool(true) }
    entry["dns"] = result.dns.json
    let gateways = result.routes.filter { $0.destination.isDefaultRoute }.compactMap { route in
      route.gateway
        ?? addresses.first { $0.gateway?.family == route.destination.family }?.gateway
    }
    if !gateways.isEmpty { entry["gateway"] = .array(gateways.map { .string("\($0)") }) }
    return entry
  }
}
