internal import Platform

extension Namespace {
  /// Waits until the kernel has made the `local` route of every IPv6 address.
  ///
  /// It does so in the background once the link has its carrier, even of an address without duplicate address detection:
  /// at once on Linux 6.1 on an idle machine, noticeably later on 6.15 and newer.
  func awaitLocalRoutes() throws {
    try eventually {
      let (addresses, routes) = try run {
        (try Self.lines("/proc/thread-self/net/if_inet6"), try Self.lines("/proc/thread-self/net/ipv6_route"))
      }
      // RTF_LOCAL of <linux/ipv6_route.h>; a prefix length of 128 in hexadecimal.
      let local = routes.filter {
        $0.count > 8 && $0[1] == "80" && (UInt32($0[8], radix: 16) ?? 0) & 0x8000_0000 != 0
      }
      return Set(addresses.compactMap(\.first)).isSubset(of: local.map { $0[0] })
    }
  }

  /// Waits until no TCP connection is open, so that nobody has anything to repeat.
  ///
  /// A connection whose address is taken away still sends: IPv6 does not ask again whether a source address is its own.
  public func awaitClosedConnections() throws {
    // TCP_TIME_WAIT and TCP_LISTEN of <net/tcp_states.h>, in hexadecimal.
    let quiet: Set<Substring> = ["06", "0A"]
    try eventually {
      try run {
        try ["tcp", "tcp6"].allSatisfy { table in
          try Self.lines("/proc/thread-self/net/\(table)").dropFirst().allSatisfy { quiet.contains($0[3]) }
        }
      }
    }
  }

  /// A file of the kernel as words.
  private static func lines(_ file: String) throws -> [[Substring]] {
    String(decoding: try Files.read(file, limit: 1 << 20), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: " ") }
  }
}
