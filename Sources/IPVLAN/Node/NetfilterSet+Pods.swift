internal import Netlink

extension NetfilterSet {
  /// The sets of the addresses of pods. Each nftables table of the plugin has them.
  static let pods = [NetfilterSet(name: "pods4", family: .v4), NetfilterSet(name: "pods6", family: .v6)]
}
