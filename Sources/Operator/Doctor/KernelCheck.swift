internal import Netlink
internal import Platform

/// The kernel must have ipvlan, and be new enough for the modes that are used.
struct KernelCheck: Check {
  static func findings(_ state: NodeState, unread: inout [String]) -> [Finding] {
    guard !state.subjects.isEmpty || !state.podLinks.isEmpty else { return [] }
    return missing(&unread) + tooOld(state)
  }

  private static func missing(_ unread: inout [String]) -> [Finding] {
    do throws(NetlinkError) {
      var socket = try NetlinkSocket()
      try socket.probeIPVLAN()
      return []
    } catch {
      guard error.errno == .notSupported else {
        unread.append("whether the kernel has ipvlan is not known: \(error)")
        return []
      }
      return [
        Finding(
          .kernelWithoutIPVLAN, "the kernel has no ipvlan: \(error)",
          consequence: "no pod can be attached", remedy: "modprobe ipvlan")
      ]
    }
  }

  private static func tooOld(_ state: NodeState) -> [Finding] {
    guard let bytes = try? Files.read("/proc/sys/kernel/osrelease", limit: 256) else { return [] }
    let release = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    return tooOld(release: release, usesL3S: state.subjects.contains { $0.keys.mode == .l3s })
  }

  /// ipvlan can be used since Linux 4.2, mode l3s came with 4.9.
  static func tooOld(release: String, usesL3S: Bool) -> [Finding] {
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    guard numbers.count == 2 else { return [] }
    let (version, needed) = (numbers[0] * 1000 + numbers[1], usesL3S ? 4009 : 4002)
    guard version < needed else { return [] }
    return [
      Finding(
        .kernelTooOld,
        "the kernel is Linux \(release); \(usesL3S ? "mode l3s needs 4.9" : "ipvlan needs 4.2")",
        consequence: usesL3S ? "no pod can be attached in mode l3s" : "pods lose packets",
        remedy: "install a newer kernel, then: reboot")
    ]
  }
}
