internal import JSON

/// The commands that make a bond as a SpiderMultusConfig describes it.
struct BondCommands {
  /// The name of the bond's link.
  let name: String
  /// In the order in which they work.
  private(set) var commands: [String]
  /// What no command says.
  private(set) var remarks: [String] = []

  /// Reads `bond`.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ bond: JSONFields, ports: [String]) throws(JSONFieldError) {
    try bond.refuseUnknownKeys(known: ["name", "mode", "options"])
    name = try LinkNames.checked(bond.required("name", bond.string("name")), bond, "name")
    let mode = try bond.required("mode", bond.int("mode", in: 0...6))
    let options = try Self.options(bond)
    let name = name
    // A port must be there before it can be the active one.
    let late = options.filter { $0.key == "active_slave" }
    let early = options.filter { Self.words.contains($0.key) && $0.key != "active_slave" }
    remarks = options.filter { !Self.words.contains($0.key) }.map { option in
      "ip link has no word for option \(option.key) of bond \(name): write \(option.value) to "
        + "/sys/class/net/\(name)/bonding/\(option.key) on every node"
    }
    commands = [
      (["ip link add \(name) type bond mode \(mode)"] + early.map { "\($0.key) \($0.value)" })
        .joined(separator: " ")
    ]
    commands += ports.map { "ip link set \($0) down && ip link set \($0) master \(name)" }
    commands.append("ip link set \(name) up")
    commands += late.map { "ip link set \(name) type bond \($0.key) \($0.value)" }
  }

  /// `miimon=100;primary=ens5`, as Spiderpool's plugin reads it; a list is written with brackets and quotes there.
  private static func options(_ bond: JSONFields) throws(JSONFieldError) -> [(key: String, value: String)] {
    var options: [(key: String, value: String)] = []
    for text in (try bond.string("options") ?? "").split(whereSeparator: { $0 == ";" || $0.isWhitespace }) {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.last.map { $0.filter { !"[]\"'".contains($0) } } ?? ""
      guard parts.count == 2, isWord(parts[0]), isWord(value) else {
        throw bond.error("options", "must be such as miimon=100;primary=ens5: \"\(text)\" is not KEY=VALUE")
      }
      options.append((String(parts[0]), value))
    }
    return options
  }

  private static func isWord(_ text: some StringProtocol) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
          || Array(".,:+_-".utf8).contains(byte)
      }
  }

  /// Those that `ip link` takes, by the same names as the kernel's (ip-link(8), "BOND Type Support").
  private static let words: Set = [
    "active_slave", "miimon", "updelay", "downdelay", "peer_notify_delay", "use_carrier", "arp_interval",
    "arp_validate", "arp_all_targets", "arp_ip_target", "primary", "primary_reselect", "fail_over_mac",
    "xmit_hash_policy", "resend_igmp", "num_grat_arp", "num_unsol_na", "all_slaves_active", "min_links",
    "lp_interval", "packets_per_slave", "tlb_dynamic_lb", "lacp_rate", "lacp_active", "ad_select",
    "ad_user_port_key", "ad_actor_sys_prio", "ad_actor_system", "arp_missed_max",
  ]
}
