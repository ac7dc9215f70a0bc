/// What a link has carried since it was made (`struct rtnl_link_stats64`, attribute `IFLA_STATS64`).
public struct LinkStatistics: Sendable, Hashable {
  /// One direction.
  public struct Counters: Sendable, Hashable {
    /// Packets that were carried.
    public let packets: UInt64
    /// Bytes that were carried.
    public let bytes: UInt64
    /// Packets that were in error.
    public let errors: UInt64
    /// Packets that were dropped.
    public let dropped: UInt64
  }

  /// Into the link's namespace.
  public let received: Counters
  /// Out of the link's namespace.
  public let sent: Counters

  /// The fields in the order of the kernel's structure: packets, bytes, errors and drops, each received then sent.
  init?(_ bytes: ArraySlice<UInt8>) {
    let fields = (0..<8).compactMap { bytes.number(at: $0 * 8, as: UInt64.self) }
    guard fields.count == 8 else { return nil }
    received = Counters(packets: fields[0], bytes: fields[2], errors: fields[4], dropped: fields[6])
    sent = Counters(packets: fields[1], bytes: fields[3], errors: fields[5], dropped: fields[7])
  }
}
