internal import JSON
internal import Netlink
internal import Platform

/// The node that the tool runs on.
package enum Node {
  /// Looks at the node.
  /// - Throws: ``UserError`` when not even its own links can be listed.
  package static func inventory(_ cache: AttachmentCache) throws(UserError) -> NodeInventory {
    do throws(NetlinkError) { return try NodeInventory(cache) } catch {
      throw UserError("the links of this node cannot be listed: \(error); try: ip -br link")
    }
  }

  /// A network by its name or by the path of its configuration.
  /// - Throws: ``UserError`` that lists the names that there are.
  package static func network(_ name: String, _ sources: NodeSources) throws(UserError) -> Network {
    if name.contains("/") {
      do {
        let value = try JSONValue(parsing: try Files.read(name))
        return try Network(JSONFields(value.object ?? [:], ignoringCase: true), source: name)
      } catch {
        throw UserError("\(name) cannot be used: \(error); see: ipvlanctl lint \(name)")
      }
    }
    let networks = NetworkDirectory(sources.configurations, cache: AttachmentCache(directory: sources.cache))
    guard let network = networks.network(named: name) else {
      let known = networks.networks.map(\.name).joined(separator: ", ")
      throw UserError(
        "there is no network \"\(name)\" in \(sources.configurations); there are: "
          + (known.isEmpty ? "none" : known))
    }
    return network
  }
}
