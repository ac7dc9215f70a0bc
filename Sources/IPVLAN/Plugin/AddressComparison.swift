internal import Addressing
internal import Netlink

/// Expected addresses against those that a link has; further ones are fine.
struct AddressComparison {
  /// What differs, each as a clause for people.
  let differences: [String]

  init(_ expected: [AddressAssignment], on link: Link, among present: [InterfaceAddress]) {
    differences = expected.compactMap { assignment in
      let address = assignment.address
      guard let found = present.first(where: { $0.address.address == address.address }) else {
        return "address \(address) is missing on \(link.name)"
      }
      if found.address != address {
        return "address \(address) has prefix length \(found.address.prefixLength)"
      }
      return found.isDuplicate
        ? "address \(address) is in use by another node (duplicate detection failed)" : nil
    }
  }
}
