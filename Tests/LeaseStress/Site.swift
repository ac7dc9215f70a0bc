import IPAM
import JSON
import Platform

/// The directories of a run: a pool of 200 addresses, the leases, and claims of those who hold one.
struct Site: Sendable {
  static let poolSize = 200

  let path: String

  init(_ path: String) throws {
    self.path = path
    for part in ["pools", "claims", "results"] { try Files.makeDirectory("\(path)/\(part)") }
    let pool = """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: stress}
      spec: {subnet: 10.0.0.0/24, ips: [10.0.0.10-10.0.0.209], gateway: 10.0.0.1, default: true}
      """
    if !Files.isRegularFile("\(path)/pools/pool.yaml") {
      try Files.replace("\(path)/pools/pool.yaml", with: Array(pool.utf8))
    }
  }

  /// No cool-down: each address comes round as often as possible.
  func allocator(dataDirectory: String? = nil) throws -> IPPoolAllocator {
    try IPPoolAllocator(
      JSONFields([
        "singleNode": .bool(true), "poolDir": .string("\(path)/pools"),
        "dataDir": .string(dataDirectory ?? "\(path)/data"),
        "cooldownSeconds": .int(0),
      ]), network: "stress", environment: Environment([:]))
  }
}
