internal import Platform

/// The numbers that tell this machine and its boot from others of the same name.
struct MachineIdentity: Sendable {
  let machineID: String
  let bootID: String

  /// Reads them where systemd and the kernel keep them.
  static func current() -> MachineIdentity {
    let machine = try? Files.read("/etc/machine-id", limit: 256)
    return MachineIdentity(
      machineID: machine.map { String(decoding: $0.filter { $0 > 0x20 }, as: UTF8.self) } ?? "",
      bootID: BootID.current() ?? "")
  }
}
