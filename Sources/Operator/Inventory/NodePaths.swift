/// Where a node keeps what the tool reads.
package struct NodePaths: Sendable {
  /// The network configurations.
  package var configurations = "/etc/cni/net.d"
  /// libcni's cache of attachments.
  package var cache = "/var/lib/cni/results"

  package init() {}
}
