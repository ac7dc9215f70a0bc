internal import Netlink

/// Removes the link of an attachment, whatever state it is in.
enum LinkRemover {
  /// Deletes the link under its name with its rules, and what a killed ADD left under the temporary one.
  ///
  /// - Returns: whether there was one.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  @discardableResult
  static func remove(_ identity: LinkIdentity, in pod: inout NetlinkSocket) throws(NetlinkError) -> Bool {
    var wasThere = false
    let link = try pod.link(exactlyNamed: identity.name)
    if let link, identity.owns(link) {
      try pod.deleteLink(link)
      wasThere = true
    }
    // A link of that name that is another's has rules of its own.
    if link == nil || wasThere { try SourceRouting.removeRules(of: identity.name, in: &pod) }
    return try removeLeftover(identity, in: &pod) || wasThere
  }

  /// Deletes what a killed ADD left under the temporary name.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  static func removeLeftover(
    _ identity: LinkIdentity, in pod: inout NetlinkSocket
  ) throws(NetlinkError) -> Bool {
    guard let link = try pod.link(exactlyNamed: identity.temporaryName), link.isIPVLAN else { return false }
    try pod.deleteLink(link)
    return true
  }
}
