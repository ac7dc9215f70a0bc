internal import Addressing
internal import CNetlink

/// The requests of traffic control (tc(8)).
extension NetlinkRequest {
  /// Gives a link the hooks for filters; EEXIST when it has them.
  static func addFilterHooks(toLink index: Int32, named name: String) -> NetlinkRequest {
    var header = tcmsg()
    header.tcm_ifindex = index
    header.tcm_parent = clsact
    header.tcm_handle = clsact & 0xFFFF_0000
    return NetlinkRequest(
      "add qdisc clsact to link \(name)", type: RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_EXCL, header: header
    ) { $0.put(TCA_KIND, "clsact") }
  }

  /// Takes a link's hooks away, with all filters; ENOENT or EINVAL when it has none.
  static func removeFilterHooks(fromLink index: Int32, named name: String) -> NetlinkRequest {
    var header = tcmsg()
    header.tcm_ifindex = index
    header.tcm_parent = clsact
    header.tcm_handle = clsact & 0xFFFF_0000
    return NetlinkRequest("remove qdisc clsact from link \(name)", type: RTM_DELQDISC, header: header)
  }

  /// Lets everything that leaves by a link come in by another one instead; EEXIST when it does.
  static func redirectEgress(ofLink index: Int32, named name: String, intoLink target: Int32)
    -> NetlinkRequest
  {
    var header = egress(ofLink: index, priority: 1, protocol: UInt16(ETH_P_ALL))
    header.tcm_handle = 1
    var redirection = tc_mirred()
    redirection.action = TC_ACT_STOLEN
    redirection.eaction = TCA_INGRESS_REDIR
    redirection.ifindex = UInt32(bitPattern: target)
    return NetlinkRequest(
      "redirect what leaves by link \(name)", type: RTM_NEWTFILTER, flags: NLM_F_CREATE | NLM_F_EXCL,
      header: header
    ) { message in
      message.put(TCA_KIND, "matchall")
      message.nest(TCA_OPTIONS) { message in
        message.put(action: "mirred", parameters: TCA_MIRRED_PARMS, structure: redirection)
      }
    }
  }

  /// Lets packets leave by a link whose source lies in a network.
  static func letPass(from source: CIDR, outOfLink index: Int32, named name: String) -> NetlinkRequest {
    let family = source.address.family
    return NetlinkRequest(
      "let packets from \(source) leave by link \(name)", type: RTM_NEWTFILTER,
      flags: NLM_F_CREATE | NLM_F_EXCL,
      header: egress(ofLink: index, priority: priority(family), protocol: etherType(family))
    ) { message in
      message.put(TCA_KIND, "u32")
      message.nest(TCA_OPTIONS) { $0.put(TCA_U32_SEL, sourceSelector(source)) }
    }
  }

  /// Drops what leaves by a link and no filter before it let pass.
  static func drop(_ family: IPFamily, outOfLink index: Int32, named name: String) -> NetlinkRequest {
    var drop = tc_gact()
    drop.action = TC_ACT_SHOT
    return NetlinkRequest(
      "drop other packets that leave by link \(name)", type: RTM_NEWTFILTER, flags: NLM_F_CREATE | NLM_F_EXCL,
      header: egress(ofLink: index, priority: priority(family) + 1, protocol: etherType(family))
    ) { message in
      message.put(TCA_KIND, "matchall")
      message.nest(TCA_OPTIONS) { $0.put(action: "gact", parameters: TCA_GACT_PARMS, structure: drop) }
    }
  }

  /// `struct tc_u32_sel` and a `struct tc_u32_key` for each 32 bits of the address that count. Several keys must all
  /// be met; the first that is not at offset 12 of IPv4's header or 8 of IPv6's ends the look.
  private static func sourceSelector(_ source: CIDR) -> [UInt8] {
    let address = source.address.bytes
    let start: UInt32 = source.address.family == .v4 ? 12 : 8
    let keys = stride(from: 0, to: max(source.prefixLength, 1), by: 32).map { bit -> [UInt8] in
      let bits = min(source.prefixLength - bit, 32)
      let mask = bits == 0 ? 0 : UInt32.max << (32 - bits)
      let offset = start + UInt32(bit / 8)
      return bigEndian(mask) + address[bit / 8..<bit / 8 + 4] + littleEndian(offset) + [0, 0, 0, 0]
    }
    // Flags, shift, number of keys, padding, and offsets, which are all nothing.
    let selector = [UInt8(TC_U32_TERMINAL), 0, UInt8(keys.count), 0] + [UInt8](repeating: 0, count: 12)
    return selector + keys.joined()
  }

  private static func bigEndian(_ number: UInt32) -> [UInt8] { littleEndian(number).reversed() }

  private static func littleEndian(_ number: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  /// Priorities of one link's filters: each belongs to one protocol, and those that let pass come first.
  private static func priority(_ family: IPFamily) -> UInt32 { family == .v4 ? 1 : 3 }

  private static func etherType(_ family: IPFamily) -> UInt16 {
    UInt16(family == .v4 ? ETH_P_IP : ETH_P_IPV6)
  }

  /// A filter on a link's way out (TC_H_MIN_EGRESS of clsact).
  private static func egress(ofLink index: Int32, priority: UInt32, protocol type: UInt16) -> tcmsg {
    var header = tcmsg()
    header.tcm_ifindex = index
    header.tcm_parent = clsact & 0xFFFF_0000 | 0xFFF3
    header.tcm_info = priority << 16 | UInt32(type.bigEndian)
    return header
  }

  /// `TC_H_CLSACT`, a macro that does not import.
  private static let clsact: UInt32 = 0xFFFF_FFF1
}

extension MessageBuilder {
  /// Appends what a filter does with a packet, as its only action.
  fileprivate mutating func put<Structure: BitwiseCopyable>(
    action kind: String, parameters: Int, structure: Structure
  ) {
    nest(TCA_MATCHALL_ACT) { message in
      // Actions are numbered from 1.
      message.nest(1) { message in
        message.put(TCA_ACT_KIND, kind)
        message.nest(TCA_ACT_OPTIONS) { $0.put(parameters, structure: structure) }
      }
    }
  }
}
