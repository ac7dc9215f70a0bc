internal import Addressing
internal import IPAM
internal import Netlink
internal import Platform

/// A cloud's fabric carries only addresses that a NIC owns: the pools of a master must hold those of its NIC, and no
/// others.
struct InstanceCheck: StateCheck {
  private let instance: Instance
  private let state: NodeState
  private let nodeAddresses: AddressSet

  static func findings(_ state: NodeState) -> [Finding] {
    guard let instance = state.instance else { return [] }
    return InstanceCheck(instance, state).findings()
  }

  private init(_ instance: Instance, _ state: NodeState) {
    self.instance = instance
    self.state = state
    nodeAddresses = AddressSet(state.inventory.nodeAddresses.map { IPRange($0.address.address) })
  }

  private func findings() -> [Finding] {
    let masters = Dictionary(grouping: state.subjects.filter { $0.master != nil && $0.survey != nil }) {
      $0.master?.index
    }
    return masters.values.compactMap { subjects in
      subjects.first?.master.map { (master: $0, subjects: subjects) }
    }.sorted { $0.master.name < $1.master.name }.flatMap { master, subjects -> [Finding] in
      // A master that is no NIC of the instance, such as a tunnel, is carried by another fabric.
      guard let interface = instance.interface(of: master) else { return [] }
      return foreign(interface, master, subjects) + unused(interface, master, subjects)
    }
  }

  private func foreign(
    _ interface: NetworkInterface, _ master: Link, _ subjects: [NodeState.Subject]
  ) -> [Finding] {
    var pools: [NodePool] = []
    for pool in subjects.flatMap(\.pools).map(\.pool) where !pools.contains(pool) { pools.append(pool) }
    return pools.compactMap { pool in
      // One that sits on the node is told as such.
      let foreign = pool.addresses.subtracting(interface.owned).subtracting(nodeAddresses)
      guard !foreign.isEmpty else { return nil }
      let owners = instance.interfaces.filter { $0.owned.overlaps(foreign) }.map { owner in
        "; \(owner.id) owns \(foreign.intersection(owner.owned).summary)"
      }.joined()
      return Finding(
        .poolAddressNotOwned,
        "pool \(pool.name) has \(foreign.summary), which \(interface.id) (\(master.name)) does not own\(owners)",
        consequence: "the fabric drops the packets of pods that get them",
        remedy: owners.isEmpty
          ? Self.assignment(foreign, to: interface) ?? correction(pool) : correction(pool))
    }
  }

  /// IPv6 prefixes are larger than any pool, so that a rest says nothing.
  private func unused(
    _ interface: NetworkInterface, _ master: Link, _ subjects: [NodeState.Subject]
  ) -> [Finding] {
    let pools = subjects.flatMap(\.pools).map(\.pool).filter { $0.family == .v4 }
    guard let pool = pools.first else { return [] }
    // Disabled pools, exclusions and reservations: somebody has set these addresses aside, and has not forgotten them.
    let reports = subjects.compactMap(\.survey).flatMap(\.pools).map(\.count.pool)
    let setAside =
      reports.flatMap(\.excluded.ranges) + reports.filter(\.isDisabled).flatMap(\.addresses.ranges)
      + subjects.compactMap(\.survey).flatMap(\.reserved.ranges)
    let used =
      pools.flatMap(\.addresses.ranges) + setAside + nodeAddresses.ranges
      + state.podLinks.flatMap(\.hosts).map { IPRange($0) }
    let unused = AddressSet(interface.podAddresses).subtracting(AddressSet(used))
    guard !unused.isEmpty else { return [] }
    return [
      Finding(
        .ownedAddressUnused,
        "\(interface.id) (\(master.name)) owns \(unused.summary), and no pool gives \(unused.pronoun) to pods",
        consequence: "pods are rejected although free addresses exist", remedy: correction(pool))
    ]
  }

  private func correction(_ pool: NodePool) -> ShellCommand {
    "ipvlanctl pools --from-imds # what the NICs own; correct spec.ips at \(pool.source)"
  }

  /// EC2 refuses addresses outside of the NIC's subnet, and more than an instance may have at once.
  private static func assignment(_ addresses: AddressSet, to interface: NetworkInterface) -> ShellCommand? {
    guard addresses.count <= 15, let family = addresses.ranges.first?.family else { return nil }
    let subnets = family == .v4 ? [interface.subnet].compactMap(\.self) : interface.subnets6
    guard
      addresses.ranges.allSatisfy({ range in
        subnets.contains { $0.contains(range.lower) && $0.contains(range.upper) }
      })
    else { return nil }
    let list = addresses.elements
    return family == .v4
      ? "aws ec2 assign-private-ip-addresses --network-interface-id \(interface.id) --private-ip-addresses \(words: list)"
      : "aws ec2 assign-ipv6-addresses --network-interface-id \(interface.id) --ipv6-addresses \(words: list)"
  }
}

extension AddressSet {
  /// The first ranges, and how many addresses follow.
  fileprivate var summary: String {
    let shown = AddressSet(Array(ranges.prefix(4)))
    let rest = count - shown.count
    return shown.ranges.map(\.description).joined(separator: ", ")
      + (rest == 0 ? "" : " and \(Quantity.count(rest)) more")
  }

  fileprivate var pronoun: String { count == 1 ? "it" : "them" }

  /// Every address; for small sets.
  fileprivate var elements: [IPAddress] {
    ranges.flatMap { range in
      (0..<range.count).map { IPAddress(family: range.family, value: range.lower.value + $0) }
    }
  }
}
