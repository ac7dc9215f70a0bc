public import Addressing
internal import CNetlink

/// A table of nf_tables for both families (`table inet`), with all that is in it.
public struct NetfilterTable: Sendable, Hashable {
  /// Its name; a link's name fits.
  public let name: String
  /// Its sets.
  public let sets: [NetfilterSet]
  /// Its maps.
  public let maps: [NetfilterVerdictMap]
  /// Its chains.
  public let chains: [NetfilterChain]

  /// Describes a table. The chains that `maps` lead to are among `chains`.
  public init(
    name: String, sets: [NetfilterSet], maps: [NetfilterVerdictMap] = [], chains: [NetfilterChain]
  ) {
    self.name = name
    self.sets = sets
    self.maps = maps
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

/// A map from a number to the chain by which a packet goes on, looked up in constant time
/// (`map NAME { type mark : verdict; elements = { 0x1000000 : jump CHAIN } }`).
public struct NetfilterVerdictMap: Sendable, Hashable {
  /// What the number is.
  public enum Key: Sendable, Hashable {
    /// The index of a link.
    case link
    /// A packet's or a connection's mark, or some bits of it.
    case mark
  }

  /// Where a number leads to.
  public struct Entry: Sendable, Hashable {
    /// The number.
    public let key: UInt32
    /// The name of the chain. What it does not decide goes on behind the look-up.
    public let chain: String
  }

  /// Its name in its table.
  public let name: String
  /// What its numbers are.
  public let key: Key
  /// Its entries, one for each number.
  public private(set) var entries: [Entry] = []

  /// Describes a map without entries.
  public init(name: String, key: Key) {
    self.name = name
    self.key = key
  }

  /// Lets a number lead to a chain. A number that has one already keeps it.
  public mutating func add(_ key: UInt32, leadingTo chain: String) {
    if !entries.contains(where: { $0.key == key }) { entries.append(Entry(key: key, chain: chain)) }
  }
}

/// A list of rules: a base chain, which hangs on a hook of the network stack, or one that rules and maps lead to.
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

  /// What makes a chain a base chain.
  public struct Base: Sendable, Hashable {
    /// What it may do.
    public let kind: Kind
    /// Where it hangs.
    public let hook: Hook
    /// Its place among other chains of the hook, less first: conntrack has -200, kube-proxy's translation of
    /// destinations -100 and of sources 100.
    public let priority: Int32
  }

  /// Its name in its table.
  public let name: String
  /// Where it hangs; `nil` for a chain that others lead to.
  public let base: Base?
  /// Its rules, each a list of statements.
  public let rules: [[NetfilterStatement]]

  /// Describes a base chain.
  public init(
    name: String, _ kind: Kind, hook: Hook, priority: Int32, rules: [[NetfilterStatement]]
  ) {
    self.name = name
    base = Base(kind: kind, hook: hook, priority: priority)
    self.rules = rules
  }

  /// Describes a chain that others lead to.
  public init(name: String, rules: [[NetfilterStatement]]) {
    self.name = name
    base = nil
    self.rules = rules
  }
}
