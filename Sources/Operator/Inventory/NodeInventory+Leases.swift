internal import IPAM
internal import IPVLAN

extension NodeInventory {
  /// Names the attachments that only a lease knows: of links that the reference plugin made while nothing was
  /// written into libcni's cache, by an address and the interface's name; and of links whose note holds a part of
  /// a long name only.
  mutating func identify(by leases: [LeaseBook.Entry]) {
    let held = leases.filter { $0.cooldown == nil }
    let known = Set(slaves.compactMap(\.attachment))
    for index in slaves.indices where !slaves[index].isHostLink {
      let slave = slaves[index]
      let entries: [LeaseBook.Entry]
      if let noted = slave.attachment {
        entries = held.filter { $0.attachment.noted == noted }
      } else {
        entries = held.filter { entry in
          entry.attachment.ifname == slave.link.name && slave.hosts.contains(entry.address)
            && !known.contains(entry.attachment.noted)
        }
      }
      // Two networks may give the same address: then none of them is known to be meant.
      guard let entry = entries.first, entries.allSatisfy({ $0.attachment == entry.attachment }) else {
        continue
      }
      slaves[index].attachment = entry.attachment
      if slaves[index].pod == nil { slaves[index].pod = entry.pod }
    }
  }
}
