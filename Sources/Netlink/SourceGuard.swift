public import Addressing
internal import CNetlink

/// Lets only packets with certain source addresses leave by a link; what is not IP, such as ARP, it does not look at.
///
/// Filters on the link's way out (tc(8): clsact, cls_u32, cls_matchall, act_gact; Linux 4.8). They go with the link.
public struct SourceGuard: Sendable, Hashable {
  /// The networks that source addresses may lie in.
  public let sources: [CIDR]

  /// Admits addresses of a pod, and what any host may send from: no address yet, and link-local IPv6.
  public init(addresses: [IPAddress]) {
    sources =
      addresses.map { CIDR(host: $0) }
      + [CIDR(host: .unspecified(.v4)), CIDR(host: .unspecified(.v6)), .linkLocal]
  }

  /// The requests that put it on a link. The last ones close the way to all others.
  func requests(onLink index: Int32, named name: String) -> [NetlinkRequest] {
    [.addFilterHooks(toLink: index, named: name)]
      + sources.map { .letPass(from: $0, outOfLink: index, named: name) }
      + IPFamily.allCases.map { .drop($0, outOfLink: index, named: name) }
  }
}
