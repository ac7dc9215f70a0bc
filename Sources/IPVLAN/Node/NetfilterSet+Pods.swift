internal import Netlink

extension NetfilterSet {
  /// The sets of the addresses of pods behind the ``Fence``, and in the tables of host access before version 1.1.
  static let pods = [NetfilterSet(name: "pods4", family: .v4), NetfilterSet(name: "pods6", family: .v6)]
}
