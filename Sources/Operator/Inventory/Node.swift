internal import Netlink

/// The node that the tool runs on.
package enum Node {
  /// Looks at the node.
  /// - Throws: ``Refusal`` when not even its own links can be listed.
  package static func inventory(_ paths: NodePaths) throws(Refusal) -> NodeInventory {
    do throws(NetlinkError) { return try NodeInventory(paths) } catch {
      throw Refusal("the links of this node cannot be listed: \(error); try: ip -br link")
    }
  }
}
