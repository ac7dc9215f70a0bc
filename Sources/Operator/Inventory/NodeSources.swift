/// Where the tool reads what it says about a node.
package struct NodeSources: Sendable {
  /// The network configurations.
  package var configurations = "/etc/cni/net.d"
  /// libcni's cache of attachments.
  package var cache = "/var/lib/cni/results"
  /// Where `ipvlan-agent` says how it is.
  package var agent = "/run/ipvlan"
  /// The instance metadata service; `nil` where there is none.
  package var metadata: MetadataEndpoint?

  package init() {}
}
