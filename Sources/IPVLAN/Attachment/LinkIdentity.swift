package import IPPool
package import Netlink
internal import Platform

/// The names by which a link is recognised as belonging to one attachment.
package struct LinkIdentity: Sendable, Hashable {
  /// The name that the runtime asked for.
  let name: String
  /// The name at birth where ``name`` cannot be it: before Linux 6.15 the kernel refuses to make an `eth0` in the
  /// pod when the node has an `eth0`.
  package let temporaryName: String
  /// The group of a link that is not finished; a finished one is in group 0, as any other link.
  ///
  /// Like the temporary name it follows from the attachment, so that a second try finds what a killed first one
  /// left.
  let birthGroup: UInt32
  /// The note on the link: which network and container it was made for.
  let alias: String

  package init(_ attachment: AttachmentID) {
    name = attachment.ifname
    alias = Self.aliasPrefix + attachment.description
    let hash = StableHash.fnv1a(alias)
    // With the prefix 14 of the 15 bytes that a name can have.
    temporaryName = "ipv" + String(String(hash | 1 << 63, radix: 16).suffix(11))
    birthGroup = UInt32(truncatingIfNeeded: hash) | 1 << 31
  }

  /// What every note starts with.
  private static let aliasPrefix = "cni:"

  /// The attachment that a link's note names; `nil` for a link that this plugin did not make.
  package static func attachment(of link: Link) -> AttachmentID? {
    guard link.isIPVLAN, let alias = link.alias, alias.hasPrefix(aliasPrefix) else { return nil }
    // Neither of the three can contain a slash.
    let parts = alias.dropFirst(aliasPrefix.count).split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    return AttachmentID(network: String(parts[0]), containerID: String(parts[1]), ifname: String(parts[2]))
  }

  /// Whether DEL may remove `link`: it is an ipvlan link, and its note does not name another attachment.
  ///
  /// A link without a note was made by the reference plugin, from which nodes change over with pods running.
  func owns(_ link: Link) -> Bool { link.isIPVLAN && (link.alias == nil || link.alias == alias) }

  /// Whether `link` was left by an ADD for this attachment that was killed before the link was finished.
  func isLeftover(_ link: Link) -> Bool {
    link.isIPVLAN && (link.name == temporaryName || link.alias == nil && link.group == birthGroup)
  }
}
