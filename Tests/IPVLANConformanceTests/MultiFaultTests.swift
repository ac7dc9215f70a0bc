import ConformanceSupport
import JSON
import Testing

/// Whatever fails in an ADD of several networks, at whatever step, leaves nothing, at the latest after DEL.
@Suite struct MultiFaultTests {
  /// The calls by which networks are attached and recorded.
  private static let calls = ["sendto", "write", "fsync", "rename", "openat", "socket"]

  @Test func everyFaultOfAnAddIsUndoneOrLeftToDelete() throws {
    try withNode { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      try node.defineGuide()
      // What the first ADD on a master sets up for all stays.
      var neighbours: [PodAttachment] = []
      for (nic, address) in [(Site.ens5, "172.31.16.8/20"), (Site.ens6, "210.22.16.15/24")] {
        var neighbour = PodAttachment(
          try node.pod("on-\(nic.name)"), on: node,
          Configuration.ipvlan(
            master: nic.name, mode: "l3s", name: "n-\(nic.name)", ipam: Configuration.staticIPAM(address)))
        try neighbour.add()
        neighbours.append(neighbour)
      }
      var first = try node.multi("a", ["k8s.v1.cni.cncf.io/networks": "ipvlan-ens6"])
      first.plugin = injector.plugin
      first.environment["PROGRAM"] = Plugin("ipvlan-multi").executable
      let before = try Snapshot(of: node)
      try first.add()
      let faults = try injector.faults(in: Self.calls, killing: Set(Self.calls))
      try first.delete()
      try node.mustEqual(before)
      try #require(faults.count > 60, "the trace shows hardly any call: \(faults)")
      for (number, fault) in faults.enumerated() {
        var attempt = PodAttachment(first.pod, on: node, first.configuration)
        attempt.arguments = first.arguments
        attempt.environment = [
          "FAULT": fault.description, "CNI_CONTAINERID": "\(number)-\(node.identifier)",
          "PROGRAM": Plugin("ipvlan-multi").executable,
        ]
        attempt.plugin = injector.plugin
        let reply = try attempt.call(.add)
        attempt.plugin = Plugin("ipvlan-multi")
        attempt.environment["FAULT"] = nil
        if fault.effect == .error, !reply.isSuccess {
          #expect(throws: Never.self, "ADD with \(fault) left something: \(reply)") {
            try node.mustEqual(before)
          }
        }
        #expect(throws: Never.self, "DEL after \(fault)") { try attempt.delete() }
        #expect(throws: Never.self, "DEL after \(fault) left something") { try node.mustEqual(before) }
      }
      #expect(try injector.missed(faults) == [])
      for index in neighbours.indices { try neighbours[index].delete() }
    }
  }

  @Test func aDeleteThatIsKilledIsFinishedByTheNext() throws {
    try withNode { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      try node.defineGuide()
      var first = try node.multi("a", ["k8s.v1.cni.cncf.io/networks": "ipvlan-ens6"])
      let before = try Snapshot(of: node)
      try first.add()
      first.plugin = injector.plugin
      first.environment["PROGRAM"] = Plugin("ipvlan-multi").executable
      try first.delete()
      try node.mustEqual(before)
      let faults = try injector.faults(in: ["sendto", "unlink"], killing: ["sendto", "unlink"])
      try #require(faults.count > 8)
      for fault in faults {
        var attempt = PodAttachment(first.pod, on: node, first.configuration)
        attempt.arguments = first.arguments
        attempt.environment = ["PROGRAM": Plugin("ipvlan-multi").executable]
        attempt.plugin = Plugin("ipvlan-multi")
        try attempt.add()
        attempt.plugin = injector.plugin
        attempt.environment["FAULT"] = fault.description
        let reply = try attempt.call(.delete)
        attempt.plugin = Plugin("ipvlan-multi")
        attempt.environment["FAULT"] = nil
        if !reply.isSuccess { #expect(throws: Never.self, "DEL after \(fault)") { try attempt.delete() } }
        #expect(throws: Never.self, "DEL with \(fault) left something: \(reply)") {
          try node.mustEqual(before)
        }
      }
      #expect(try injector.missed(faults) == [])
    }
  }
}
