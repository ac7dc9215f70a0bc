internal import Netlink
internal import Platform
internal import SystemPackage

/// Kernel settings of one link (`/proc/sys/net/ipv4|ipv6/conf/<link>`), in the namespace that the thread is in.
///
/// They go with the link, so that there is nothing to undo.
struct LinkSettings: Sendable {
  private let link: String

  init(link: String) { self.link = link }

  /// The kernel sends gratuitous ARP for the addresses that a link has when it is set up (`arp_notify`).
  /// - Throws: ``NetlinkError`` when the setting cannot be written.
  func announceIPv4() throws(NetlinkError) { try write("1", to: "ipv4/conf/\(link)/arp_notify") }

  /// Runtimes switch IPv6 off in a pod's namespace; a pod that gets an IPv6 address needs it.
  /// - Throws: ``NetlinkError`` when the setting cannot be read or written.
  func enableIPv6() throws(NetlinkError) {
    let setting = "ipv6/conf/\(link)/disable_ipv6"
    let value = try attempt("read \(setting)") { () throws(Errno) in
      try Files.read("/proc/sys/net/\(setting)")
    }
    if value.first != UInt8(ascii: "0") { try write("0", to: setting) }
  }

  private func write(_ value: String, to setting: String) throws(NetlinkError) {
    try attempt("write \(value) to \(setting)") { () throws(Errno) in
      try Files.write(value, to: "/proc/sys/net/\(setting)")
    }
  }

  private func attempt<Value>(
    _ operation: String, _ body: () throws(Errno) -> Value
  ) throws(NetlinkError) -> Value {
    do throws(Errno) { return try body() } catch { throw NetlinkError(operation: operation, errno: error) }
  }
}
