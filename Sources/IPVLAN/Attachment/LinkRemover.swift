internal import Netlink

/// Removes the link of an attachment, whatever state it is in.
enum LinkRemover {
  /// Deletes the link under its name, and what a killed ADD left under the temporary one.
  ///
  /// - Returns: whether there was one.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  @discardableResult
  static func remove(_ identity: LinkIdentity, in pod: inout NetlinkSocket) throws(NetlinkError) -> Bool {
    var wasThere = false
    if let link = try pod.link(exactlyNamed: identity.name), identity.owns(link) {
      try pod.deleteLink(link)
      wasThere = true
    }
    wasThere = try removeLeftover(identity, in: &pod) || wasThere
    return wasThere
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
