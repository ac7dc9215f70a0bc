import ConformanceSupport
import JSON
import Testing

/// CHECK, STATUS and GC of pods with several networks.
@Suite struct MultiUpkeepTests {
  private static let networks = "k8s.v1.cni.cncf.io/networks"
  private static let defaultNetwork = "v1.multus-cni.io/default-network"

  @Test func checkTellsWhatIsMissingOnAnyNetwork() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi("a", [Self.networks: "ipvlan-ens6"])
      try attachment.add()
      try attachment.pod.namespace.ip("addr", "del", "210.22.16.11/24", "dev", "net1")
      try attachment.mustFail(.check, code: 106, naming: "default/ipvlan-ens6", "210.22.16.11")
      try attachment.pod.namespace.ip("link", "del", "eth0")
      try attachment.mustFail(.check, code: 106, naming: "default/ipvlan-ens5", "default/ipvlan-ens6", "eth0")
      try attachment.delete()
      try attachment.mustFail(.check, code: 106, naming: "none are recorded")
      try node.forgetNetworks()
    }
  }

  @Test func aSecondAddLeavesTheFirstAlone() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi("a", [Self.networks: "ipvlan-ens6"])
      try attachment.add()
      try attachment.mustFail(code: 102, naming: attachment.pod.containerID)
      try attachment.check()
      try attachment.delete()
      try attachment.delete()
      try node.forgetNetworks()
    }
  }

  @Test func statusTellsWhetherAPodCouldBeAttached() throws {
    try withCleanNode { node in
      var attachment = try node.multi()
      try attachment.mustFail(.status, code: 50, naming: "default/ipvlan-ens5", "ipvlan-agent")
      try node.defineGuide()
      #expect(try attachment.call(.status).isSuccess)
      try node.define("ipvlan-ens5", Configuration.ipvlan(master: "ens7", name: "lan"))
      try attachment.mustFail(.status, code: 50, naming: "ens7")
      try node.define("ipvlan-ens5", nil)
      try attachment.mustFail(.status, code: 50, naming: "spec.config is empty")
      try ScratchFiles.write(
        "\(node.directory)/net.d/20-lan.conf",
        #"{"cniVersion": "1.1.0", "name": "ipvlan-ens5", "type": "ipvlan", "master": "ens5"}"#)
      #expect(try attachment.call(.status).isSuccess)
      try node.forgetNetworks()
    }
  }

  @Test func garbageIsWhatNoContainerOwns() throws {
    try withCleanNode { node in
      try node.defineGuide()
      for (name, address) in [("two-ens5", "172.31.16.5/20"), ("two-ens6", "210.22.16.12/24")] {
        try node.define(
          name,
          Configuration.ipvlan(
            master: String(name.suffix(4)), mode: "l3s", name: "ipvlan-\(name.suffix(4))-\(node.identifier)",
            ipam: Configuration.staticIPAM(address)))
      }
      var kept = try node.multi("a", [Self.networks: "ipvlan-ens6"])
      var gone = try node.multi("b", [Self.defaultNetwork: "default/two-ens5", Self.networks: "two-ens6"])
      try kept.add()
      try gone.add()
      var call = kept
      call.configuration["cni.dev/valid-attachments"] = [
        ["containerID": .string(kept.pod.containerID), "ifname": "eth0"]
      ]
      // Another test's walk counts as a process that lives in the namespace, while it is there.
      try eventually {
        let reply = try call.call(.gc)
        #expect(reply.isSuccess, "\(reply)")
        return try gone.pod.namespace.linkNames() == ["lo"]
      }
      // Its further network is not in the runtime's list.
      try kept.check()
      for interface in ["eth0", "net1"] { #expect(try kept.reachesOutside(by: interface)) }
      #expect(node.records().count == 2)
      // Without a list a container keeps what it has as long as its namespace is there.
      call.configuration["cni.dev/valid-attachments"] = nil
      #expect(try call.call(.gc).isSuccess)
      try kept.check()
      try kept.delete()
      try node.forgetNetworks()
    }
  }
}
