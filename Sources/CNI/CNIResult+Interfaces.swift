package import Addressing

/// Which interface of a result is an attachment's, and which addresses are that interface's.
extension CNIResult {
  /// The position of the interface with a name in a container. A result lists interfaces of the node too.
  ///
  /// - Parameter isContainer: whether a path leads to the container that is meant.
  /// - Returns: `nil` where the result has no such interface.
  package func position(of ifname: String, in isContainer: (String) -> Bool = { _ in true }) -> Int? {
    interfaces.firstIndex { $0.name == ifname && ($0.sandbox.map(isContainer) ?? false) }
  }

  /// The addresses of the interface at a position.
  ///
  /// - Parameter andUnassigned: whether addresses that name no interface count too.
  package func addresses(
    ofInterface position: Int?, andUnassigned countsUnassigned: Bool
  ) -> [AddressAssignment] {
    ips.filter { ip in ip.interface.map { $0 == position } ?? countsUnassigned }.map { $0.assignment }
  }

  /// The positions in `ips` of the addresses that no other interface in a container has. They are for the interface with
  /// this name.
  ///
  /// An address that names an interface of the node, such as the master, is not in the container yet.
  package func unassignedIPs(ifname: String) -> [Int] {
    ips.indices.filter { index in
      guard let position = ips[index].interface else { return true }
      return interfaces[position].sandbox == nil || interfaces[position].name == ifname
    }
  }
}
