public import Addressing
public import JSON

/// Addresses that the configuration itself lists (`ipam.type` `static`), as the reference plugin reads them.
///
/// It keeps no state: nothing is held, so that nothing can leak, and uniqueness is the writer's task. On one
/// master ipvlan itself refuses a duplicate.
public final class StaticAllocator: IPAllocator {
  private let assignments: [AddressAssignment]
  private let routes: [IPRoute]
  private let dns: DNSConfiguration

  /// An allocator that takes addresses back, for which nothing need be known.
  public init() {
    (assignments, routes, dns) = ([], [], DNSConfiguration())
  }

  /// Reads `addresses`, `routes` and `dns`.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  public init(_ fields: JSONFields) throws(JSONFieldError) {
    var assignments: [AddressAssignment] = []
    for entry in try fields.objects("addresses") ?? [] {
      let address = try entry.parsed(
        "address", "an address with prefix length such as 10.0.0.5/24", CIDR.init)
      let assignment = AddressAssignment(
        address: try entry.required("address", address),
        gateway: try entry.parsed("gateway", "an IP address", IPAddress.init))
      if let gateway = assignment.gateway, gateway.family != assignment.address.family {
        throw entry.error("gateway", "must be of the family of address \(assignment.address)")
      }
      if assignments.contains(where: { $0.address.address == assignment.address.address }) {
        throw entry.error("address", "is listed twice")
      }
      assignments.append(assignment)
    }
    var routes: [IPRoute] = []
    for entry in try fields.objects("routes") ?? [] { routes.append(try IPRoute(entry)) }
    self.assignments = assignments
    self.routes = routes
    dns =
      try fields.fields("dns").map { fields throws(JSONFieldError) in try DNSConfiguration(fields) }
      ?? .init()
  }

  /// The listed addresses; requested ones take their place, with the prefix length and the gateway of the
  /// listed network that they lie in.
  public func allocate(_ request: AllocationRequest) throws(AllocationError) -> Allocation {
    let given = try request.requested.isEmpty ? assignments : requested(request)
    guard !given.isEmpty else {
      throw AllocationError(
        .invalidConfiguration, "key \"ipam.addresses\" lists no address, and none was requested",
        details: "list addresses, or pass IP= in CNI_ARGS, args.cni.ips or the capability \"ips\"")
    }
    return Allocation(assignments: given, routes: routes, dns: dns)
  }

  private func requested(_ request: AllocationRequest) throws(AllocationError) -> [AddressAssignment] {
    var given: [AddressAssignment] = []
    for wish in request.requested {
      let listed = assignments.first { $0.address.contains(wish.address) }
      guard let length = wish.prefixLength ?? listed?.address.prefixLength,
        let address = CIDR(address: wish.address, prefixLength: length)
      else {
        throw AllocationError(
          .invalidConfiguration, "requested address \(wish) has no prefix length",
          details: "write it as \(wish.address)/24, or list its network in \"ipam.addresses\"")
      }
      let gateway = request.requestedGateways.first { $0.family == address.family }
      given.append(AddressAssignment(address: address, gateway: gateway ?? listed?.gateway))
    }
    return given
  }

  /// Whether an address is one of the listed.
  public func lists(_ address: IPAddress) -> Bool { assignments.contains { $0.address.address == address } }

  /// Nothing is held.
  public func release(_: AllocationRequest) {}

  /// Nothing is held.
  public func undo(_: Allocation, for _: AllocationRequest) {}

  /// Every listed address must be among those that the attachment has.
  public func check(
    _ request: AllocationRequest, addresses: [AddressAssignment]
  ) throws(AllocationError) {
    let present = Set(addresses.map { $0.address })
    let missing = try allocate(request).assignments.map { $0.address }.filter { !present.contains($0) }
    guard missing.isEmpty else {
      throw AllocationError(
        .notHeld,
        "\(request.attachment) lacks the configured \(missing.map { $0.description }.joined(separator: ", "))"
      )
    }
  }

  /// Nothing is held.
  public func holders() -> [LeaseHolder] { [] }

  /// Nothing is held.
  public func free(_: [LeaseHolder]) -> [LeaseHolder] { [] }

  /// The listed addresses must be free, unless another one is asked for.
  @discardableResult
  public func status(avoiding occupied: OccupiedAddresses) throws(AllocationError) -> [String] {
    try occupied.refuse(Allocation(assignments: assignments, routes: routes))
    return []
  }

  /// Those of the listed addresses.
  public func families() -> Set<IPFamily> { Set(assignments.map { $0.address.family }) }
}
