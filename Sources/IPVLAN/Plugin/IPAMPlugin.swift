internal import Addressing
package import CNI
internal import IPAM
package import JSON
internal import Netlink

/// The allocators as an IPAM plugin of its own, for any other main plugin (CNI SPEC 1.1.0, section 4).
package struct IPAMPlugin: PluginCommands {
  /// Whether the executable serves as an IPAM plugin when it is called by this name.
  package static func hasName(_ name: String) -> Bool { AllocatorType(rawValue: name) != nil }

  /// Serves whatever `ipam.type` names.
  package init() {}

  /// Those by which a pod chooses its pools.
  package var annotations: [JSONSelection.Rule] { PodAnnotations.rules }

  /// Answers addresses, routes and name service settings, and no interface.
  package func add(_ request: Request) throws(CNIError) -> CNIResult {
    var wish = try AllocationRequest(request)
    wish.occupied = occupiedAddresses()
    let allocation = try run(request) { [wish] allocator throws(AllocationError) in try allocator.give(wish) }
    return CNIResult(
      ips: allocation.assignments.map { CNIResult.IPConfiguration(assignment: $0) },
      routes: allocation.routes,
      dns: allocation.dns)
  }

  /// Gives back what the attachment holds.
  package func delete(_ request: Request) throws(CNIError) {
    try run(request) { allocator throws(AllocationError) in
      try allocator.release(AllocationRequest(identityOf: request))
    }
  }

  /// Tells whether the attachment still holds the addresses of prevResult.
  package func check(_ request: Request) throws(CNIError) {
    let previous = try request.configuration.prevResult()
    try run(request) { allocator throws(AllocationError) in
      try allocator.check(
        AllocationRequest(identityOf: request), addresses: previous?.ips.map { $0.assignment } ?? [])
    }
  }

  /// Frees what is held by attachments that are not listed; without a list, by those that are gone.
  package func collectGarbage(_ request: Request) throws(CNIError) {
    let scope = Garbage.Scope.network(
      request.configuration.name, valid: request.configuration.validAttachments.map(Set.init))
    let failures = try run(request) { allocator throws(AllocationError) in
      Garbage(scope, stores: [allocator], onlyLeases: true).collect { _ in }
    }
    if let failure = CNIError(joining: failures) { throw failure }
  }

  /// Tells whether an address could be given.
  package func status(_ request: Request) throws(CNIError) {
    try run(request) { allocator throws(AllocationError) in
      do throws(AllocationError) { try allocator.status(avoiding: occupiedAddresses()) } catch {
        throw AllocationError(
          .delegate(code: ErrorCode.pluginNotAvailable.rawValue), error.message, details: error.details)
      }
    }
  }

  /// The node's own, whatever the main plugin makes of an address. Who cannot list them, gives addresses all the same.
  private func occupiedAddresses() -> OccupiedAddresses {
    guard var node = try? NetlinkSocket() else { return OccupiedAddresses() }
    return (try? NodeAddresses.occupied(by: nil, through: &node)) ?? OccupiedAddresses()
  }

  private func run<Value>(
    _ request: Request, _ body: (any IPAllocator) throws(AllocationError) -> Value
  ) throws(CNIError) -> Value {
    guard let type = try request.configuration.ipamType(), let ipam = request.configuration.ipam else {
      throw CNIError(code: .invalidConfiguration, message: "key \"ipam\" is required")
    }
    let allocator: (any IPAllocator)?
    do throws(JSONFieldError) { allocator = try AllocatorFactory.inProcess(type, ipam, request) } catch {
      throw CNIError(error)
    }
    guard let allocator else {
      throw CNIError(
        code: .unsupportedField,
        message: "key \"ipam.type\" with value \"\(type)\" is not served by this plugin",
        details: "served are \(AllocatorType.names.sorted().joined(separator: ", "))")
    }
    do throws(AllocationError) { return try body(allocator) } catch { throw CNIError(error) }
  }
}
