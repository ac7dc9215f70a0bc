public import Addressing

/// Addresses that somebody has where an attachment is to be, the node itself above all: whoever gets one of them too
/// takes its packets away.
///
/// A list, since a node has a handful: a dictionary costs more to make than it saves.
public struct OccupiedAddresses: Sendable, Hashable {
  /// Who has an address.
  public struct Entry: Sendable, Hashable, CustomStringConvertible {
    /// The address.
    public let address: IPAddress
    /// What it is used for.
    public let use: Use

    /// `172.31.22.228, which is on ens5 of the node`.
    public var description: String {
      switch use {
      case .link(let name): "\(address), which is on \(name) of the node"
      case .gateway(let whose): "\(address), which is the gateway \(whose)"
      }
    }
  }

  /// What an address is used for.
  public enum Use: Sendable, Hashable {
    /// A link of the node has it.
    case link(String)
    /// It is a gateway, of which routes is said: `of the node's default route by ens5`.
    case gateway(String)
  }

  /// The addresses.
  public private(set) var entries: [Entry] = []

  /// None.
  public init() {}

  /// Adds an address of a link.
  public mutating func note(_ address: IPAddress, on link: String) {
    entries.append(Entry(address: address, use: .link(link)))
  }

  /// Adds a gateway: a pod with its address takes it from the node and from all other pods.
  ///
  /// - Parameter whose: of which routes, as in ``Use/gateway(_:)``.
  public mutating func note(gateway: IPAddress, _ whose: String) {
    let entry = Entry(address: gateway, use: .gateway(whose))
    if !entries.contains(entry) { entries.append(entry) }
  }

  /// Adds the gateways of routes that pods get.
  mutating func noteGateways(_ routes: [IPRoute]) {
    for route in routes { if let gateway = route.gateway { note(gateway: gateway, Self.own) } }
  }

  /// Adds the gateways of addresses and routes that a pod gets.
  public mutating func noteGateways(of allocation: Allocation) {
    for assignment in allocation.assignments {
      if let gateway = assignment.gateway { note(gateway: gateway, Self.own) }
    }
    noteGateways(allocation.routes)
  }

  private static let own = "of the pod's own routes"

  /// Whether somebody has the address.
  public func contains(_ address: IPAddress) -> Bool { entries.contains { $0.address == address } }

  /// Those that are in a set.
  func within(_ set: AddressSet) -> [Entry] { entries.filter { set.contains($0.address) } }

  /// All as a set.
  var addresses: AddressSet { AddressSet(entries.map { IPRange($0.address) }) }

  /// Refuses an address that somebody has.
  /// - Throws: ``AllocationError`` of kind `addressInUse` that names the link, or the routes of the gateway.
  public func refuse(_ address: IPAddress) throws(AllocationError) {
    guard let entry = entries.first(where: { $0.address == address }) else { return }
    switch entry.use {
    case .link(let name):
      throw AllocationError(
        .addressInUse, "address \(address) is in use: the node itself has it, on \(name)",
        details: "give the pod another address; the node's own are listed by: ip -brief address")
    case .gateway(let whose):
      throw AllocationError(
        .addressInUse, "address \(address) is in use: it is the gateway \(whose)",
        details: "give the pod another address of the subnet")
    }
  }

  /// Refuses what an allocator has given if somebody has an address of it, or if one is a gateway of its own routes.
  /// - Throws: ``AllocationError`` as ``refuse(_:)``.
  public func refuse(_ allocation: Allocation) throws(AllocationError) {
    var all = self
    all.noteGateways(of: allocation)
    for assignment in allocation.assignments { try all.refuse(assignment.address.address) }
  }
}

extension IPAllocator {
  /// As `allocate`, and refuses addresses that somebody has: one that is asked for before anything is taken. An address
  /// that is the gateway of its own routes is refused, too.
  /// - Throws: ``AllocationError``; then nothing is held that was not held before.
  public func give(_ request: AllocationRequest) throws(AllocationError) -> Allocation {
    if !readsPoolAnnotations { try PoolAnnotation.refuseEntry(for: request) }
    for wish in request.requested { try request.occupied.refuse(wish.address) }
    let allocation = try allocate(request)
    do throws(AllocationError) {
      try request.occupied.refuse(allocation)
      return allocation
    } catch {
      let refusal = error
      do throws(AllocationError) { try undo(allocation, for: request) } catch {
        throw AllocationError(
          refusal.kind, refusal.message,
          details: "\(refusal.details); the addresses could not be given back: \(error.message); DEL does it")
      }
      throw refusal
    }
  }

  /// Tells whether an address could be given now, were none in use elsewhere.
  /// - Throws: ``AllocationError`` that says why not.
  @discardableResult
  public func status() throws(AllocationError) -> [String] { try status(avoiding: OccupiedAddresses()) }
}
