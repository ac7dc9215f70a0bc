internal import Platform

/// The daemons that look after a node's network must leave alone what host access has made.
struct NetworkManagerCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    let running = Processes.names()
    return managedByNetworkd(state, running) + managedByNetworkManager(state, running)
      + foreignRoutes(state, running)
  }

  /// As the kernel has it, which keeps 15 bytes of a name.
  private static let networkd = "systemd-network"
  private static let networkManager = "NetworkManager"
  private static let harm = "it takes the link's addresses and routes away, or adds its own"

  private static func managedByNetworkd(_ state: NodeState, _ running: Set<String>) -> [Finding] {
    guard running.contains(networkd) else { return [] }
    return state.inventory.slaves.filter { $0.place.isHostNamespace && isManaged($0.link.index) }.map {
      slave in
      Finding(
        .linkManaged, "systemd-networkd manages \(slave.link.name)", consequence: harm,
        remedy: "printf '[Match]\\nName=ih-*\\n[Link]\\nUnmanaged=yes\\n' > "
          + "/etc/systemd/network/10-ipvlan.network && networkctl reload")
    }
  }

  /// What networkd writes about a link (sd-network's state files).
  private static func isManaged(_ index: Int32) -> Bool {
    let state = setting("ADMIN_STATE", in: "/run/systemd/netif/links/\(index)")
    return state != nil && state != "unmanaged" && state != "pending"
  }

  private static func managedByNetworkManager(
    _ state: NodeState, _ running: Set<String>
  ) -> [Finding] {
    guard running.contains(networkManager) else { return [] }
    return state.inventory.slaves.filter { slave in
      slave.place.isHostNamespace
        && setting("managed", in: "/run/NetworkManager/devices/\(slave.link.index)") == "true"
    }.map { slave in
      Finding(
        .linkManaged, "NetworkManager manages \(slave.link.name)", consequence: harm,
        remedy: "printf '[keyfile]\\nunmanaged-devices+=interface-name:ih-*\\n' > "
          + "/etc/NetworkManager/conf.d/10-ipvlan.conf && nmcli general reload")
    }
  }

  /// By default networkd takes every rule and route away that it has not made, whenever it configures a link anew.
  private static func foreignRoutes(_ state: NodeState, _ running: Set<String>) -> [Finding] {
    guard running.contains(networkd), state.subjects.contains(where: \.keys.hasHostAccess),
      state.inventory.nodeLinks.contains(where: { isManaged($0.index) })
    else { return [] }
    let keys = NetworkdConfiguration().managedForeigners
    guard !keys.isEmpty else { return [] }
    let lines = keys.map { "\($0)=no\\n" }.joined()
    return [
      Finding(
        .foreignRoutesManaged,
        "systemd-networkd removes what it has not made: \(keys.joined(separator: ", "))",
        consequence: "after its restart, or when a link comes back, host access is broken",
        remedy: ShellCommand(
          advice: "mkdir -p /etc/systemd/networkd.conf.d && printf '[Network]\\n\(lines)' > "
            + "/etc/systemd/networkd.conf.d/10-ipvlan.conf && systemctl restart systemd-networkd"))
    ]
  }

  private static func setting(_ key: String, in file: String) -> String? {
    guard let bytes = try? Files.read(file) else { return nil }
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("\(key)=") }
    return line.map { String($0.dropFirst(key.count + 1)) }
  }
}
