internal import Netlink
internal import Platform

/// Kernel settings of one link (`/proc/sys/net/ipv6/conf/<link>`), in the namespace that the thread is in.
///
/// They go with the link, so that there is nothing to undo.
struct LinkSettings: Sendable {
  private let link: String

  init(link: String) { self.link = link }

  /// Runtimes switch IPv6 off in a pod's namespace; a pod that gets an IPv6 address needs it.
  /// - Throws: ``NetlinkError`` when the setting cannot be written.
  func enableIPv6() throws(NetlinkError) {
    let setting = "ipv6/conf/\(link)/disable_ipv6"
    do throws(Errno) {
      try Files.write("0", to: "/proc/sys/net/\(setting)")
    } catch {
      throw NetlinkError(operation: "write 0 to \(setting)", errno: error)
    }
  }
}
