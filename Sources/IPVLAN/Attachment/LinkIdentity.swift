internal import CNI
package import IPAM
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
  package let alias: String

  package init(_ attachment: AttachmentID) {
    name = attachment.ifname
    alias = Self.aliasPrefix + attachment.noted.description
    let hash = StableHash.fnv1a(Self.aliasPrefix + attachment.description)
    // With the prefix 14 of the 15 bytes that a name can have.
    temporaryName = "ipv" + String(String(hash | 1 << 63, radix: 16).suffix(11))
    birthGroup = UInt32(truncatingIfNeeded: hash) | 1 << 31
  }

  /// What every note starts with.
  fileprivate static let aliasPrefix = "cni:"

  /// The attachment that a link's note names, as ``IPAM/AttachmentID/noted`` has it; `nil` for a link that this
  /// plugin did not make.
  ///
  /// Whoever may change links in the pod can write the note: one whose parts a runtime could not have passed is none
  /// of ours, so that no other text gets further than here.
  package static func attachment(of link: Link) -> AttachmentID? {
    link.isIPVLAN ? link.alias.flatMap(attachment(notedAs:)) : nil
  }

  /// The attachment that a note names; `nil` for a text that is none of ours.
  static func attachment(notedAs alias: String) -> AttachmentID? {
    guard alias.utf8.starts(with: aliasPrefix.utf8) else { return nil }
    // Neither of the three can contain a slash.
    let parts = alias.fields(separatedBy: UInt8(ascii: "/"), after: aliasPrefix, omittingEmpty: false)
    guard parts.count == 3, AttachmentID.isNoted(parts[0]), AttachmentID.isNoted(parts[1]),
      Identifiers.isInterfaceName(parts[2])
    else { return nil }
    return AttachmentID(network: parts[0], containerID: parts[1], ifname: parts[2])
  }

  /// Whether DEL may remove `link`: it is an ipvlan link, and its note does not name another attachment.
  ///
  /// A link without a note was made by the reference plugin, from which nodes change over with pods running.
  func owns(_ link: Link) -> Bool { link.isIPVLAN && (link.alias == nil || link.alias == alias) }

  /// Whether `link` was left by an ADD for this attachment that was killed before the link was finished.
  func isLeftover(_ link: Link) -> Bool {
    link.isIPVLAN && (link.name == temporaryName || link.alias == nil && link.group == birthGroup)
  }

  /// Whether `link` looks as one that an ADD is making: it is down, has no alias, and the name or the group that links have
  /// only then.
  package static func isHalfMade(_ link: Link) -> Bool {
    guard link.isIPVLAN, !link.isUp, link.alias == nil else { return false }
    let digits = link.name.utf8.dropFirst(3)
    let hasTemporaryName =
      link.name.hasPrefix("ipv") && digits.count == 11
      && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    return hasTemporaryName || link.group & 1 << 31 != 0
  }
}

extension AttachmentID {
  /// The longest note that every kernel takes, in bytes: less than IFALIASZ (256), with the byte that ends it.
  private static let longestNote = 254
  /// So long may network and container ID be in a note that does not hold them whole: with an interface's name of
  /// 15 bytes it is then at most 254 bytes long.
  private static let (longestNetwork, longestContainerID) = (105, 128)
  /// What stands before the digest of a name that is cut; no network and no container has it in its name.
  private static let cut = UInt8(ascii: "~")

  /// The attachment as it is noted on its link: itself, unless the note would be too long. Then a long name is its
  /// beginning and a digest of the whole.
  ///
  /// Whoever compares with what ``LinkIdentity/attachment(of:)`` has read compares this.
  package var noted: AttachmentID {
    guard LinkIdentity.aliasPrefix.utf8.count + description.utf8.count > Self.longestNote else { return self }
    return AttachmentID(
      network: Self.noted(network: network),
      containerID: Self.noted(containerID: containerID), ifname: ifname)
  }

  /// A network's name as a note has it that does not hold the attachment whole.
  package static func noted(network: String) -> String { shortened(network, longestNetwork) }

  /// A container's ID as a note has it that does not hold the attachment whole.
  package static func noted(containerID: String) -> String { shortened(containerID, longestContainerID) }

  /// Whether a text is a name as a note has it: whole, or cut.
  fileprivate static func isNoted(_ name: String) -> Bool {
    guard let mark = name.utf8.firstIndex(of: cut) else { return Identifiers.isIdentifier(name) }
    let digest = name.utf8[name.utf8.index(after: mark)...]
    return Identifiers.isIdentifier(String(name[..<mark])) && digest.count == digestLength
      && digest.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  private static let digestLength = 16

  private static func shortened(_ name: String, _ longest: Int) -> String {
    guard name.utf8.count > longest else { return name }
    let digits = String(StableHash.fnv1a(name), radix: 16)
    let digest = String(repeating: "0", count: digestLength - digits.count) + digits
    return String(decoding: name.utf8.prefix(longest - digestLength - 1), as: UTF8.self) + "~" + digest
  }
}
