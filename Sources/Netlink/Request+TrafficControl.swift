internal import CNetlink

/// The requests of traffic control (tc(8)).
extension Request {
  /// Gives a link the hooks for filters; EEXIST when it has them.
  static func addFilterHooks(toLink index: Int32, named name: String) -> Request {
    var header = tcmsg()
    header.tcm_ifindex = index
    header.tcm_parent = clsact
    header.tcm_handle = clsact & 0xFFFF_0000
    return Request(
      "add qdisc clsact to link \(name)", type: RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_EXCL, header: header
    ) { $0.put(TCA_KIND, "clsact") }
  }

  /// Lets everything that leaves by a link come in by another one instead; EEXIST when it does.
  static func redirectEgress(ofLink index: Int32, named name: String, intoLink target: Int32) -> Request {
    var header = tcmsg()
    header.tcm_ifindex = index
    // TC_H_MIN_EGRESS of clsact; priority 1, every protocol (ETH_P_ALL in network byte order).
    header.tcm_parent = clsact & 0xFFFF_0000 | 0xFFF3
    header.tcm_handle = 1
    header.tcm_info = 1 << 16 | UInt32(UInt16(3).bigEndian)
    var redirection = tc_mirred()
    redirection.action = TC_ACT_STOLEN
    redirection.eaction = TCA_INGRESS_REDIR
    redirection.ifindex = UInt32(bitPattern: target)
    return Request(
      "redirect what leaves by link \(name)", type: RTM_NEWTFILTER, flags: NLM_F_CREATE | NLM_F_EXCL,
      header: header
    ) { message in
      message.put(TCA_KIND, "matchall")
      message.nest(TCA_OPTIONS) { message in
        message.nest(TCA_MATCHALL_ACT) { message in
          // Actions are numbered from 1.
          message.nest(1) { message in
            message.put(TCA_ACT_KIND, "mirred")
            message.nest(TCA_ACT_OPTIONS) { $0.put(TCA_MIRRED_PARMS, structure: redirection) }
          }
        }
      }
    }
  }

  /// `TC_H_CLSACT`, a macro that does not import.
  private static let clsact: UInt32 = 0xFFFF_FFF1
}
