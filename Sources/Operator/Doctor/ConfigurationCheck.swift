internal import CNI
internal import IPVLAN
internal import JSON
internal import Netlink
internal import Platform

/// Configurations must be readable, and name masters that can carry links.
struct ConfigurationCheck: Check {
  static func findings(_ examination: Examination) -> [Finding] {
    let unreadable = examination.directory.faults.map { fault in
      guard !fault.isDirectory else {
        return Finding(
          .configurationUnreadable, "\(fault.file) \(fault.problem)",
          consequence: "runtimes find no network there",
          remedy: "ls -ld \(fault.file) # or tell where they are: ipvlanctl doctor --conf-dir DIRECTORY")
      }
      return Finding(
        .configurationUnreadable, "\(fault.file) cannot be used: \(fault.problem)",
        consequence: "runtimes skip its network, or refuse to start pods",
        remedy: "ipvlanctl lint \(fault.file)")
    }
    return unreadable + examination.directory.ipvlanNetworks.flatMap { findings($0, examination) }
  }

  private static func findings(_ network: Network, _ examination: Examination) -> [Finding] {
    guard let fields = network.ipvlan else { return [] }
    let keys: PluginConfiguration
    do throws(JSONFieldError) { keys = try PluginConfiguration(checking: fields) } catch {
      return [
        Finding(
          .configurationInvalid, "network \(network.name): \(error)",
          consequence: "every pod on the network is refused", remedy: "ipvlanctl lint \(network.source)")
      ]
    }
    let addresses = DocumentCheck.addresses(fields, network.name).map { error in
      Finding(
        .configurationInvalid, "network \(network.name): \(error)",
        consequence: "every pod on the network is refused", remedy: "ipvlanctl lint \(network.source)")
    }
    guard !keys.isLinkInContainer else { return addresses }
    return addresses + master(network, keys)
  }

  private static func rival(of master: Link) -> MasterRival? {
    guard let home = try? NetworkNamespace.home() else { return nil }
    return try? MasterRival.find(of: master, home: home)
  }

  private static func master(_ network: Network, _ keys: PluginConfiguration) -> [Finding] {
    do throws(CNIError) {
      guard var socket = try? NetlinkSocket() else { return [] }
      let link = try Master.find(keys.master, through: &socket)
      if let mtu = keys.mtu, mtu > link.mtu {
        return [
          Finding(
            .mtuTooLarge,
            "network \(network.name) asks for MTU \(mtu), its master \(link.name) has \(link.mtu)",
            consequence: "every pod on the network is refused",
            remedy: "ip link set dev \(link.name) mtu \(mtu)")
        ]
      }
      guard link.isUp else {
        return [
          Finding(
            .masterUnusable, "master \(link.name) of network \(network.name) is down",
            consequence: "its pods send and receive nothing, and new ones are refused",
            remedy: "ip link set dev \(link.name) up", fix: .bringUp(index: link.index, name: link.name))
        ]
      }
      try Master.validate(link, mtu: nil)
      if let rival = rival(of: link) {
        return [
          Finding(
            .masterUnusable,
            "master \(link.name) of network \(network.name) is busy: \(rival.description), which excludes ipvlan",
            consequence: "every pod on the network is refused",
            remedy:
              "\(rival.remedy) # cuts off what uses it now; or set another \"master\" in \(network.source)")
        ]
      }
      guard link.hasCarrier else {
        return [
          Finding(
            .masterWithoutCarrier, "master \(link.name) of network \(network.name) has no carrier",
            consequence: "its pods send and receive nothing",
            remedy: "attach the NIC or plug its cable in, and see: ethtool \(link.name)")
        ]
      }
      return []
    } catch {
      return [
        Finding(
          .masterUnusable, "network \(network.name) (\(network.source)): \(error.message)",
          consequence: "every pod on the network is refused", remedy: ShellCommand(advice: error.details))
      ]
    }
  }
}
