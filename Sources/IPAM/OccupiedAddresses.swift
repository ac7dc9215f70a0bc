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
    /// The link that has it.
    public let link: String

    /// `172.31.22.228, which is on ens5 of the node`.
    public var description: String { "\(address), which is on \(link) of the node" }
  }

  /// The addresses.
  public private(set) var entries: [Entry] = []

  /// None.
  public init() {}

  /// Adds an address of a link.
  public mutating func note(_ address: IPAddress, on link: String) {
    entries.append(Entry(address: address, link: link))
  }

  /// Whether somebody has the address.
  public func contains(_ address: IPAddress) -> Bool { entries.contains { $0.address == address } }

  /// Those that are in a set.
  func within(_ set: AddressSet) -> [Entry] { entries.filter { set.contains($0.address) } }

  /// All as a set.
  var addresses: AddressSet { AddressSet(entries.map { IPRange($0.address) }) }

  /// Refuses an address that somebody has.
  /// - Throws: ``AllocationError`` of kind `addressInUse` that names the link.
  public func refuse(_ address: IPAddress) throws(AllocationError) {
    guard let entry = entries.first(where: { $0.address == address }) else { return }
    throw AllocationError(
      .addressInUse, "address \(address) is in use: the node itself has it, on \(entry.link)",
      details: "give the pod another address; the node's own are listed by: ip -brief address")
  }
}

extension IPAllocator {
  /// As `allocate`, and refuses addresses that somebody has: one that is asked for before anything is taken.
  /// - Throws: ``AllocationError``; then nothing is held that was not held before.
  public func give(_ request: AllocationRequest) throws(AllocationError) -> Allocation {
    if !readsPoolAnnotations { try PoolAnnotation.refuseEntry(for: request) }
    for wish in request.requested { try request.occupied.refuse(wish.address) }
    let allocation = try allocate(request)
    do throws(AllocationError) {
      for assignment in allocation.assignments { try request.occupied.refuse(assignment.address.address) }
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
