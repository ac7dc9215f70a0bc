internal import Addressing
public import JSON
internal import Platform

/// The reference plugin's `host-local`, served in the process (`ipam.type` `host-local`).
///
/// Configuration, order and the files on the disk are the reference's, so that both can work on one directory at
/// the same time and a node can go over from one to the other with pods running. Three things differ: an
/// attachment that asks again gets the same addresses, where the reference refuses; leases that a killed process left half
/// written are recovered; and the leases of an attachment are found without reading all files.
public final class HostLocalAllocator: IPAllocator {
  let configuration: HostLocalConfiguration
  let location: HostLocalLocation

  /// Reads `ipam` of the configuration of a network.
  ///
  /// The configuration may have no ranges, since the runtime can bring them (capability `ipRanges`).
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  public convenience init(_ fields: JSONFields, network: String) throws(JSONFieldError) {
    try self.init(try HostLocalConfiguration(fields), network: network)
  }

  /// An allocator that takes addresses back, for which only `dataDir` is read.
  /// - Throws: ``JSONFieldError`` when it cannot be told where the leases are.
  public convenience init(ofLeases fields: JSONFields, network: String) throws(JSONFieldError) {
    try self.init(try HostLocalConfiguration(ofLeases: fields), network: network)
  }

  private init(_ configuration: HostLocalConfiguration, network: String) throws(JSONFieldError) {
    self.configuration = configuration
    guard let location = HostLocalLocation(dataDirectory: configuration.dataDirectory, network: network)
    else {
      throw JSONFieldError(path: "name", value: .string(network), problem: "cannot be a directory's name")
    }
    self.location = location
  }

  /// One address from each set of ranges: the requested one that lies in the set, else the next in turn.
  public func allocate(_ request: AllocationRequest) throws(AllocationError) -> Allocation {
    let turns = try turns(request)
    let dns = try nameService()
    guard var store = try HostLocalStore.open(location, isMaking: true) else {
      throw location.failure("open", nil, .noSuchFileOrDirectory)
    }
    let owner = HostLocalOwner(request.attachment)
    let held = try store.addresses(of: owner)
    try refuseOldForm(request.attachment, turns, store)
    var assignments: [AddressAssignment] = []
    var claims: [Allocation.Claim] = []
    do throws(AllocationError) {
      for turn in turns {
        if let kept = try turn.keep(held, by: request.attachment) {
          assignments.append(kept)
          try store.mark(kept.address.address)
          continue
        }
        let (address, range) = try turn.choose(in: store)
        let mark = try store.reserve(address, for: owner)
        claims.append(Allocation.Claim(address: address, mark: mark))
        try store.setLastAddress(address, ofSet: turn.number)
        assignments.append(range.assignment(of: address))
      }
    } catch {
      for claim in claims { try? store.release(HostLocalStore.Lease(address: claim.address, owner: owner)) }
      store.seal()
      throw error
    }
    store.seal()
    var allocation = Allocation(assignments: assignments, routes: configuration.routes, dns: dns)
    allocation.claims = claims
    allocation.passedOver = turns.flatMap { $0.passedOver }
    return allocation
  }

  /// Takes back what `allocate` took, unless the attachment has asked again since.
  public func undo(_ allocation: Allocation, for request: AllocationRequest) throws(AllocationError) {
    guard !allocation.claims.isEmpty, var store = try HostLocalStore.open(location) else { return }
    let owner = HostLocalOwner(request.attachment)
    for claim in allocation.claims {
      guard let lease = try store.lease(of: claim.address), lease.owner == owner,
        try store.modified(claim.address)?.mark == claim.mark
      else { continue }
      try store.release(lease)
    }
    store.seal()
  }

  /// Takes back what the attachment holds, or else what its container holds in the old form of lease files.
  public func release(_ request: AllocationRequest) throws(AllocationError) {
    guard var store = try HostLocalStore.open(location) else { return }
    let attachment = request.attachment
    for owner in [HostLocalOwner(attachment), HostLocalOwner(containerID: attachment.containerID)] {
      let addresses = try store.addresses(of: owner)
      guard !addresses.isEmpty else { continue }
      for address in addresses {
        try store.release(HostLocalStore.Lease(address: address, owner: owner))
      }
      store.seal()
      return
    }
  }

  /// A set's part of a request.
  private func turns(_ request: AllocationRequest) throws(AllocationError) -> [HostLocalTurn] {
    let sets = try sets(after: request.ranges)
    var wishes = request.requested.map { $0.address }
    var occupied = request.occupied
    occupied.noteGateways(configuration.routes)
    var turns: [HostLocalTurn] = []
    for (number, set) in sets.enumerated() {
      let wish = wishes.firstIndex { set.range(of: $0) != nil }.map { wishes.remove(at: $0) }
      turns.append(HostLocalTurn(number: number, set: set, wish: wish, occupied: occupied))
    }
    guard wishes.isEmpty else {
      let list = wishes.map { $0.description }.joined(separator: ", ")
      throw AllocationError(
        .requestRefused, "requested address \(list) lies in no range of network \(location.network)",
        details:
          "each set of ranges gives one address: \(sets.map { $0.description }.joined(separator: "; "))")
    }
    return turns
  }

  /// The sets of ranges with those of the runtime.
  private func sets(after runtime: [JSONValue]) throws(AllocationError) -> [HostLocalRangeSet] {
    let sets: [HostLocalRangeSet]
    do throws(JSONFieldError) { sets = try configuration.sets(after: runtime) } catch {
      throw AllocationError(.invalidConfiguration, error.description)
    }
    guard !sets.isEmpty else {
      throw AllocationError(
        .invalidConfiguration, "key \"ipam.ranges\" is required: network \(location.network) has no ranges",
        details: "list ranges, write \"subnet\", or let the runtime pass the capability \"ipRanges\"")
    }
    return sets
  }

  /// The settings of `resolvConf`.
  func nameService() throws(AllocationError) -> DNSConfiguration {
    guard let path = configuration.resolvConf else { return DNSConfiguration() }
    do { return ResolvConf.parse(try Files.read(path)) } catch {
      throw AllocationError(
        .invalidConfiguration, "key \"ipam.resolvConf\" names \(path), which cannot be read: \(error)")
    }
  }

  /// A lease in the old form may be that of another interface of the container: giving the same address again
  /// could make a duplicate, and giving another would lose the first.
  private func refuseOldForm(
    _ attachment: AttachmentID, _ turns: [HostLocalTurn], _ store: borrowing HostLocalStore
  ) throws(AllocationError) {
    let held = try store.addresses(of: HostLocalOwner(containerID: attachment.containerID))
    guard let address = held.first(where: { old in turns.contains { $0.set.range(of: old) != nil } }) else {
      return
    }
    throw AllocationError(
      .requestRefused,
      "container \(attachment.containerID) already holds \(address), and \(location.path)/\(address) does not say "
        + "for which interface",
      details: "DEL of the container frees it")
  }
}
