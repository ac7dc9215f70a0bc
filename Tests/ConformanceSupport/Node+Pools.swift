public import JSON
internal import Platform

extension Node {
  /// Where the node's pool documents lie.
  public var poolDirectory: String { "\(directory)/ippool.d" }

  /// Writes a pool for this node and every network.
  public func writePool(_ name: String, subnet: String, ips: String, gateway: String?) throws {
    try Files.makeDirectory(poolDirectory)
    let document = """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata:
        name: \(name)
      spec:
        subnet: "\(subnet)"
        ips:
          - "\(ips)"
        default: true
        nodeName: ["master"]
      \(gateway.map { "  gateway: \"\($0)\"" } ?? "")

      """
    try Files.replace("\(poolDirectory)/\(name).yaml", with: Array(document.utf8))
  }

  /// IPAM `ippool` on the node's pools.
  public func poolIPAM(cooldown: Int = 30) -> JSONObject {
    [
      "type": "ippool", "poolDir": .string(poolDirectory), "dataDir": .string("\(directory)/leases"),
      "nodeName": "master", "cooldownSeconds": .int(cooldown),
    ]
  }
}
