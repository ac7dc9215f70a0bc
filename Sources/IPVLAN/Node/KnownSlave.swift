internal import Netlink
internal import Platform

/// A slave of a master, recorded so that it can be found again without a search.
struct KnownSlave: Sendable, Hashable {
  let linkIndex: Int32
  let namespaceInode: UInt
  let namespace: String

  /// Finds the slave; `nil` when it is gone, or cannot be reached by its path any more.
  func open(on master: Link, host: borrowing NetworkNamespace) -> Opened? {
    guard let opened = try? NetworkNamespace(path: namespace), let identity = try? opened.identity(),
      identity.inode == namespaceInode, var socket = try? opened.openSocket(returningTo: host),
      let own = try? host.identity(),
      let link = Self.link(linkIndex, on: master, isBeside: identity == own, &socket)
    else { return nil }
    return Opened(link: link, namespace: namespace, isBesideMaster: identity == own, socket: socket)
  }

  private static func link(
    _ index: Int32, on master: Link, isBeside: Bool, _ socket: inout NetlinkSocket
  ) -> Link? {
    guard let link = try? socket.link(index: index), link.isSlave(of: master, besideIt: isBeside) else {
      return nil
    }
    return link
  }

  /// The slave, and a socket in its namespace, which lives as long as this.
  struct Opened: ~Copyable {
    /// The link as it was when it was asked last.
    private(set) var link: Link
    /// A path of its namespace.
    let namespace: String
    private let isBesideMaster: Bool
    private var socket: NetlinkSocket

    fileprivate init(
      link: Link, namespace: String, isBesideMaster: Bool, socket: consuming NetlinkSocket
    ) {
      self.link = link
      self.namespace = namespace
      self.isBesideMaster = isBesideMaster
      self.socket = socket
    }

    /// Asks once more.
    /// - Returns: whether the link is still there.
    mutating func refresh(on master: Link) -> Bool {
      guard let link = KnownSlave.link(self.link.index, on: master, isBeside: isBesideMaster, &socket)
      else { return false }
      self.link = link
      return true
    }
  }
}

extension Link {
  /// Whether this is an ipvlan slave of a master of the node.
  ///
  /// - Parameter isBesideIt: whether the link is in the master's own namespace. Elsewhere a parent without a number is one that
  ///   the pod has itself, and may have the master's index.
  func isSlave(of master: Link, besideIt isBesideIt: Bool) -> Bool {
    isIPVLAN && parentIndex == master.index && (isBesideIt || parentNamespaceID != nil)
  }
}

extension KnownSlave {
  init(_ slave: IPVLANSlave) {
    self.init(
      linkIndex: slave.link.index, namespaceInode: slave.namespaceID.inode, namespace: slave.namespace)
  }
}

extension KnownSlave: LosslessStringConvertible {
  /// Reads `index inode path`.
  init?(_ description: String) {
    let parts = description.fields(separatedBy: UInt8(ascii: " "), mostSplits: 2)
    guard parts.count == 3, let index = Int32(parts[0]), let inode = UInt(parts[1]) else { return nil }
    self.init(linkIndex: index, namespaceInode: inode, namespace: parts[2])
  }

  var description: String { "\(linkIndex) \(namespaceInode) \(namespace)" }
}
