import ConformanceSupport
import JSON
import Testing

/// Whatever fails, at whatever step, leaves kernel and leases as they were.
@Suite struct UndoTests {
  /// The calls by which an attachment is looked at, changed and recorded.
  static let calls = ["sendto", "recvmsg", "socket", "setns", "write", "flock", "mkdir", "unlink"]
  /// Calls whose failure the plugin must tell in an error document.
  static let tellable: Set<String> = ["sendto", "recvmsg", "socket"]

  static let leaseless = Configuration.staticIPAM(
    "172.31.16.4/20 via 172.31.16.1", "2001:db8:5::4/64 via 2001:db8:5::1")

  @Test(arguments: ["l2", "l3s"])
  func everyFaultOfAnAddIsUndoneOrLeftToDelete(mode: String) throws {
    try withCleanNode { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var attachment = PodAttachment(
        try node.pod(), on: node, Configuration.ipvlan(mode: mode, ipam: Self.leaseless))
      attachment.plugin = injector.plugin
      let before = try Snapshot(of: node)
      try attachment.add()
      let faults = try injector.faults(in: Self.calls)
      try attachment.delete()
      try #require(faults.count > 40, "the trace shows hardly any call: \(faults)")
      for fault in faults {
        var attempt = PodAttachment(attachment.pod, on: node, attachment.configuration)
        attempt.plugin = injector.plugin
        attempt.environment["FAULT"] = fault.description
        let reply = try attempt.call(.add)
        if fault.effect == .error, !reply.isSuccess {
          #expect(throws: Never.self, "ADD with \(fault) left something: \(reply)") {
            try node.mustEqual(before)
          }
          if Self.tellable.contains(fault.call) {
            #expect(reply.code != nil && !reply.message.isEmpty, "ADD with \(fault): \(reply)")
          }
        }
        attempt.plugin = Plugin()
        attempt.environment["FAULT"] = nil
        #expect(throws: Never.self, "DEL after \(fault)") { try attempt.delete() }
        #expect(throws: Never.self, "DEL after \(fault) left something") { try node.mustEqual(before) }
      }
    }
  }

  @Test func aSecondAddThatFailsLeavesTheFirstAlone() throws {
    try withCleanNode { node in
      // In l3 no duplicate detection changes addresses while the test looks.
      var first = PodAttachment(
        try node.pod(), on: node, Configuration.ipvlan(mode: "l3", ipam: Self.leaseless))
      try first.add()
      let before = try Snapshot(of: node)
      var second = first
      let reply = try second.call(.add)
      #expect(reply.code == 102)
      #expect(reply.message.contains("eth0"))
      try node.mustEqual(before)
      try first.check()
      try first.delete()
    }
  }

  @Test func aFaultOfADeleteIsToldOrHarmlessAndTheNextDeleteFinishes() throws {
    try withCleanNode { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var attachment = PodAttachment(try node.pod(), on: node, Configuration.ipvlan(ipam: Self.leaseless))
      let before = try Snapshot(of: node)
      try attachment.add()
      attachment.plugin = injector.plugin
      try attachment.delete()
      for fault in try injector.faults(in: Self.calls) {
        var attempt = PodAttachment(attachment.pod, on: node, attachment.configuration)
        try attempt.add()
        attempt.plugin = injector.plugin
        attempt.environment["FAULT"] = fault.description
        let reply = try attempt.call(.delete)
        if reply.isSuccess {
          #expect(throws: Never.self, "DEL with \(fault) succeeded and left something") {
            try node.mustEqual(before)
          }
        }
        attempt.plugin = Plugin()
        attempt.environment["FAULT"] = nil
        #expect(throws: Never.self, "DEL after \(fault)") { try attempt.delete() }
        #expect(throws: Never.self, "DEL after \(fault) left something") { try node.mustEqual(before) }
      }
    }
  }
}
