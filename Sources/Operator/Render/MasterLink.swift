internal import JSON

/// The link that a SpiderMultusConfig attaches to, and the commands that make it where it is a bond or a VLAN.
struct MasterLink {
  /// Its name; without bond and VLAN as it is written.
  let name: String
  /// In the order in which they work.
  private(set) var commands: [String] = []
  private(set) var remarks: [String] = []

  /// Reads `master`, `bond` and `vlanID`.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ ipvlan: JSONFields) throws(JSONFieldError) {
    let masters = try ipvlan.required("master", ipvlan.strings("master"))
    guard var name = masters.first, !masters.contains("") else {
      throw ipvlan.error("master", "must name a link")
    }
    if let variable = masters.first(where: { $0.contains("${") }) {
      throw ipvlan.error(
        "master", "has the shell variable \(variable): pass the document through the shell or envsubst first")
    }
    guard Set(masters).count == masters.count else { throw ipvlan.error("master", "names a link twice") }
    let vlan = try ipvlan.int("vlanID", in: 0...4094) ?? 0
    if masters.count > 1 {
      for master in masters { _ = try LinkNames.checked(master, ipvlan, "master") }
      let bond = try BondCommands(
        ipvlan.required("bond", ipvlan.fields("bond")), ports: masters)
      (name, commands, remarks) = (bond.name, bond.commands, bond.remarks)
    } else if ipvlan.value("bond") != nil {
      remarks.append("bond says nothing with one master, and is left out")
    }
    if vlan > 0 {
      // Without its parent up the kernel does not set a VLAN up.
      if commands.isEmpty { commands.append("ip link set \(name) up") }
      let link = try LinkNames.checked("\(name).\(vlan)", ipvlan, "vlanID")
      commands.append("ip link add link \(name) name \(link) type vlan id \(vlan)")
      commands.append("ip link set \(link) up")
      name = link
    }
    self.name = name
  }
}
