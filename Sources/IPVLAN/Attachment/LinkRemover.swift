internal import Netlink

/// Removes the link of an attachment, whatever state it is in.
enum LinkRemover {
  /// The link of an attachment: under its name, or under the one that somebody has given to it, by its note.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func find(_ identity: LinkIdentity, in pod: inout NetlinkSocket) throws(NetlinkError) -> Link? {
    let named = try pod.link(exactlyNamed: identity.name)
    if let named, named.isIPVLAN, named.alias == identity.alias { return named }
    let noted = try pod.ipvlanLinks().first { $0.alias == identity.alias }
    return noted ?? named.flatMap { identity.owns($0) ? $0 : nil }
  }

  /// Deletes the link with its rules, and what a killed ADD left under the temporary name.
  ///
  /// - Parameter link: what ``find(_:in:)`` has found.
  /// - Returns: whether there was one.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  static func remove(
    _ link: Link?, of identity: LinkIdentity, in pod: inout NetlinkSocket
  ) throws(NetlinkError) -> Bool {
    var wasThere = false
    if let link {
      try pod.deleteLink(link)
      wasThere = true
    }
    // A link of that name that is another's has rules of its own.
    if try pod.link(exactlyNamed: identity.name) == nil {
      try SourceRouting.removeRules(of: identity.name, in: &pod)
    }
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
