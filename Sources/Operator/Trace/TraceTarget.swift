internal import Addressing
internal import IPAM

/// Finds the attachments that an ID means.
struct TraceTarget {
  /// An attachment by whatever knows it.
  struct Candidate {
    let attachment: AttachmentID
    let pod: String?
    let addresses: [IPAddress]
  }

  private let candidates: [Candidate]

  /// Links, libcni's cache and leases: each may know what the others have lost.
  init(_ state: NodeState) {
    var found: [AttachmentID: Candidate] = [:]
    let add = { (attachment: AttachmentID, pod: String?, addresses: [IPAddress]) in
      let known = found[attachment]
      found[attachment] = Candidate(
        attachment: attachment, pod: known?.pod ?? pod, addresses: (known?.addresses ?? []) + addresses)
    }
    // A machine can hold several nodes in namespaces, with the same addresses: those on others' NICs are not meant.
    // A master beside its slave in the pod (linkInContainer) is nobody else's either.
    for slave in state.inventory.slaves
    where slave.masterPlace?.isHostNamespace ?? true || slave.masterPlace?.name == slave.place.name {
      if let attachment = slave.attachment { add(attachment, slave.pod, slave.hosts) }
    }
    for entry in state.inventory.cache.attachments where entry.usesIPVLAN {
      add(entry.id, entry.pod, entry.addresses)
    }
    for entry in state.leases.entries where entry.cooldown == nil {
      add(entry.attachment, entry.pod, [entry.address])
    }
    candidates = found.values.sorted { $0.attachment.description < $1.attachment.description }
  }

  /// The attachments of a container (or the beginning of its ID), a pod (`ns/name` or the name), an address, an
  /// interface, a network, or `network/container/interface`.
  func attachments(matching id: String) -> [Candidate] {
    let rules: [(Candidate) -> Bool] = [
      { $0.attachment.description == id },
      { $0.pod == id },
      { candidate in IPAddress(id).map(candidate.addresses.contains) ?? false },
      { $0.attachment.containerID == id },
      { id.count >= 2 && $0.attachment.containerID.hasPrefix(id) },
      { $0.pod?.split(separator: "/").last.map(String.init) == id },
      { $0.attachment.network == id },
      { $0.attachment.ifname == id },
    ]
    for rule in rules {
      let matching = candidates.filter(rule)
      if !matching.isEmpty { return matching }
    }
    return []
  }

  /// What somebody who wrote `id` may have meant.
  func near(_ id: String) -> [String] {
    let names = candidates.flatMap { candidate in
      [candidate.pod, candidate.attachment.shortContainerID].compactMap(\.self)
        + candidate.addresses.map(\.description)
    }
    let scored = Set(names).map { (name: $0, distance: Self.distance(Array($0.utf8), Array(id.utf8))) }
    // Further away a name was hardly meant.
    return scored.filter { $0.distance <= max(2, id.utf8.count / 3) }.sorted {
      ($0.distance, $0.name) < ($1.distance, $1.name)
    }.prefix(5).map(\.name)
  }

  /// Levenshtein's distance.
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in right.enumerated() {
        let cost = byte == other ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
        diagonal = row[j + 1]
        row[j + 1] = cost
      }
    }
    return row[right.count]
  }
}
