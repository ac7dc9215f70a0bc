internal import CNI
internal import IPVLAN
internal import JSON
internal import Netlink
internal import Platform

/// Configurations must be readable, and name masters that can carry links.
struct ConfigurationCheck: Check {
  static func findings(_ state: NodeState, unread: inout [String]) -> [Finding] {
    let unreadable = state.directory.faults.map { fault in
      guard !fault.isDirectory else {
        return Finding(
          .configurationUnreadable, "\(fault.file) \(fault.problem)",
          consequence: "runtimes find no network there",
          remedy: "ls -ld \(fault.file) # or tell where they are: ipvlanctl doctor --conf-dir DIRECTORY")
      }
      if let remedy = fault.remedy {
        return Finding(
          .configurationUnreadable, "the default network of \(fault.file) cannot be used: \(fault.problem)",
          consequence: "pods that name no network for eth0 are refused", remedy: remedy)
      }
      return Finding(
        .configurationUnreadable, "\(fault.file) cannot be used: \(fault.problem)",
        consequence: "runtimes skip its network, or refuse to start pods",
        remedy: "ipvlanctl lint \(fault.file)")
    }
    return unreadable + state.networks.flatMap { findings($0, &unread) }
  }

  private static func findings(
    _ network: Result<NodeState.Subject, NodeState.KeyFault>, _ unread: inout [String]
  ) -> [Finding] {
    switch network {
    case .failure(let fault): [invalid(fault.network, fault.error)]
    case .success(let subject):
      (subject.network.ipvlan.map { DocumentCheck.addresses($0, subject.network.name) } ?? [])
        .map { invalid(subject.network, $0) } + master(of: subject, &unread)
    }
  }

  private static func invalid(_ network: Network, _ error: JSONFieldError) -> Finding {
    Finding(
      .configurationInvalid, "network \(network.name): \(error)",
      consequence: "every pod on the network is refused", remedy: "ipvlanctl lint \(network.source)")
  }

  private static func rival(of master: Link, _ unread: inout [String]) -> MasterRival? {
    do throws(NetlinkError) {
      return try MasterRival.find(of: master, host: NetworkNamespace.host())
    } catch {
      unread.append("whether something else has master \(master.name) is not known: \(error)")
      return nil
    }
  }

  private static func master(of subject: NodeState.Subject, _ unread: inout [String]) -> [Finding] {
    let network = subject.network
    guard let link = subject.master else {
      return (subject.masterFault.map { [unusable($0, network)] }) ?? []
    }
    let objections = Master.objections(to: link, mtu: subject.keys.mtu)
    if let mtu = subject.keys.mtu, objections.contains(.lessThan(mtu: mtu)) {
      return [
        Finding(
          .mtuTooLarge,
          "network \(network.name) asks for MTU \(mtu), its master \(link.name) has \(link.mtu)",
          consequence: "every pod on the network is refused",
          remedy: "ip link set dev \(link.name) mtu \(mtu)")
      ]
    }
    if objections.contains(.down) {
      return [
        Finding(
          .masterUnusable, "master \(link.name) of network \(network.name) is down",
          consequence: "its pods send and receive nothing, and new ones are refused",
          remedy: "ip link set dev \(link.name) up", fix: .bringUp(index: link.index, name: link.name))
      ]
    }
    do throws(CNIError) { try Master.validate(link, mtu: nil) } catch { return [unusable(error, network)] }
    if let rival = rival(of: link, &unread) {
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
  }

  private static func unusable(_ error: CNIError, _ network: Network) -> Finding {
    Finding(
      .masterUnusable, "network \(network.name) (\(network.source)): \(error.message)",
      consequence: "every pod on the network is refused", remedy: ShellCommand(advice: error.details))
  }
}
