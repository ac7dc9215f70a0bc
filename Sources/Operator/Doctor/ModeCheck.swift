internal import Netlink
internal import Platform

/// All slaves of a master share its mode and flag: configurations must ask for what the slaves have.
struct ModeCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    state.subjects.flatMap { subject -> [Finding] in
      guard let master = subject.master,
        let slave = state.podLinks.first(where: { $0.master?.index == master.index }),
        let mode = slave.link.ipvlanMode, let flag = slave.link.ipvlanFlag,
        mode != subject.keys.mode || flag != subject.keys.flag
      else { return [] }
      let wanted = "\(subject.keys.mode)/\(subject.keys.flag)"
      let flagWord = subject.keys.flag == .bridge ? "bridge" : "\(subject.keys.flag)"
      let change: ShellCommand =
        "\(slave.place.prefix)ip link set dev \(slave.link.name) type ipvlan mode \(subject.keys.mode) \(flagWord)"
      return [
        Finding(
          .modeConflict,
          "network \(subject.network.name) asks for \(wanted), but the slaves of \(master.name) are in \(mode)/\(flag)",
          consequence: "every new pod on the network is refused with code 101",
          remedy:
            "\(change) # changes all pods of \(master.name); or set \"mode\": \"\(mode)\" in \(subject.network.source)"
        )
      ]
    }
  }
}
