public import Addressing
internal import CNetlink

/// A table of nf_tables for both families (`table inet`), with all that is in it.
public struct NetfilterTable: Sendable, Hashable {
  /// Its name; a link's name fits.
  public let name: String
  /// Its sets.
  public let sets: [NetfilterSet]
  /// Its base chains.
  public let chains: [NetfilterChain]

  /// Describes a table.
  public init(name: String, sets: [NetfilterSet], chains: [NetfilterChain]) {
    self.name = name
    self.sets = sets
    self.chains = chains
  }
}

/// A set of addresses of one family, looked up in constant time.
public struct NetfilterSet: Sendable, Hashable {
  /// Its name in its table.
  public let name: String
  /// The family of its addresses.
  public let family: IPFamily

  /// Describes a set.
  public init(name: String, family: IPFamily) {
    self.name = name
    self.family = family
  }
}

/// A chain that hangs on a hook of the network stack.
public struct NetfilterChain: Sendable, Hashable {
  /// What the chain may do.
  public enum Kind: String, Sendable, Hashable {
    /// Sees every packet.
    case filter
    /// Sees the first packet of a connection only.
    case nat
    /// Sees every outgoing packet; one whose mark it changes is routed anew.
    case route
  }

  /// Where a packet is caught; the number is that of enum nf_inet_hooks (linux/netfilter.h).
  public enum Hook: UInt32, Sendable, Hashable {
    /// After it came in, before routing.
    case prerouting = 0
    /// After routing, when the node itself sent it; for packets of ipvlan pods too (modes l3 and l3s).
    case output = 3
    /// Before it leaves.
    case postrouting = 4
  }

  /// Its name in its table.
  public let name: String
  /// What it may do.
  public let kind: Kind
  /// Where it hangs.
  public let hook: Hook
  /// Its place among other chains of the hook, less first: conntrack has -200, kube-proxy's translation of
  /// destinations -100 and of sources 100.
  public let priority: Int32
  /// Its rules, each a list of statements.
  public let rules: [[NetfilterStatement]]

  /// Describes a chain.
  public init(
    name: String, _ kind: Kind, hook: Hook, priority: Int32, rules: [[NetfilterStatement]]
  ) {
    self.name = name
    self.kind = kind
    self.hook = hook
    self.priority = priority
    self.rules = rules
  }
}
