internal import Netlink

/// A slave of a master, written down so that it can be found again without a search.
struct ModeWitness: Sendable, Hashable {
  let linkIndex: Int32
  let namespaceInode: UInt
  let namespace: String

  init(linkIndex: Int32, namespaceInode: UInt, namespace: String) {
    self.linkIndex = linkIndex
    self.namespaceInode = namespaceInode
    self.namespace = namespace
  }

  init(_ slave: IPVLANSlave) {
    self.init(
      linkIndex: slave.link.index, namespaceInode: slave.namespaceID.inode, namespace: slave.namespace)
  }

  /// The slave, if it still lives.
  func slave(of master: Link, home: borrowing NetworkNamespace) -> IPVLANSlave? {
    guard let opened = try? NetworkNamespace(path: namespace), let identity = try? opened.identity(),
      identity.inode == namespaceInode, var socket = try? opened.openSocket(returningTo: home),
      let link = try? socket.link(index: linkIndex), link.isIPVLAN, link.parentIndex == master.index
    else { return nil }
    return IPVLANSlave(link: link, namespace: namespace, namespaceID: identity)
  }
}

extension ModeWitness: LosslessStringConvertible {
  /// Reads `index inode path`.
  init?(_ description: String) {
    let parts = description.split(separator: " ", maxSplits: 2)
    guard parts.count == 3, let index = Int32(parts[0]), let inode = UInt(parts[1]) else { return nil }
    self.init(linkIndex: index, namespaceInode: inode, namespace: String(parts[2]))
  }

  var description: String { "\(linkIndex) \(namespaceInode) \(namespace)" }
}
