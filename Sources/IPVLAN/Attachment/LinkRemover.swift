internal import Netlink

/// Removes the link of an attachment, whatever state it is in.
enum LinkRemover {
  /// Deletes the link under its name with its rules, and what a killed ADD left under the temporary name.
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
    if let link = try pod.link(exactlyNamed: identity.temporaryName), identity.isLeftover(link) {
      try pod.deleteLink(link)
      wasThere = true
    }
    return wasThere
  }

  /// Deletes what a killed ADD left, under either name.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  @discardableResult
  static func removeLeftover(
    _ identity: LinkIdentity, in pod: inout NetlinkSocket
  ) throws(NetlinkError) -> Bool {
    var wasThere = false
    for name in [identity.name, identity.temporaryName] {
      guard let link = try pod.link(exactlyNamed: name), identity.isLeftover(link) else { continue }
      try pod.deleteLink(link)
      wasThere = true
    }
    return wasThere
  }
}
