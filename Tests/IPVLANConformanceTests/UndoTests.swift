import ConformanceSupport
import JSON
import Testing

/// Whatever fails, at whatever step, leaves kernel and leases as they were.
@Suite struct UndoTests {
  /// The calls by which an attachment is looked at, changed and recorded.
  static let calls = ["sendto", "recvmsg", "socket", "setns", "write", "pwrite64", "flock"]
  /// Calls whose failure the plugin must tell in an error document.
  static let tellable: Set<String> = ["sendto", "recvmsg", "socket"]

  /// l2 has the most steps in the pod, hostAccess the most on the node.
  @Test(arguments: [("l2", false), ("l3s", true)])
  func everyFaultOfAnAddIsUndoneOrLeftToDelete(mode: String, hasHostAccess: Bool) throws {
    // The node is compared after each fault; host access leaves in the end what all pods of a master share.
    try withNode { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var configuration = Configuration.ipvlan(mode: mode, ipam: try onePool(on: node))
      if hasHostAccess { configuration["hostAccess"] = true }
      // What the first ADD on a master sets up for all stays, and a pod that runs tells the mode without a search:
      // what fails is the ADD itself.
      var neighbour = PodAttachment(try node.pod("b"), on: node, configuration)
      neighbour.configuration["ipam"] = .object(
        Configuration.staticIPAM("172.31.16.8/20", "2001:db8:5::8/64"))
      try neighbour.add()
      var first = PodAttachment(try node.pod(), on: node, configuration)
      first.plugin = injector.plugin
      try first.add()
      let faults = try injector.faults(in: Self.calls, killing: ["sendto", "recvmsg"])
      try first.delete()
      let before = try Snapshot(of: node)
      try #require(faults.count > 40, "the trace shows hardly any call: \(faults)")
      for (number, fault) in faults.enumerated() {
        var attempt = PodAttachment(first.pod, on: node, configuration)
        // Another container each time: a lease that is left would keep it from the only address.
        attempt.environment = ["FAULT": fault.description, "CNI_CONTAINERID": "\(number)-\(node.identifier)"]
        attempt.plugin = injector.plugin
        let reply = try attempt.call(.add)
        attempt.plugin = Plugin()
        attempt.environment["FAULT"] = nil
        // A thread that cannot return from the pod ends the process: anything else would happen in the pod.
        let isAborted = fault.call == "setns" && reply.completion.status == nil
        if fault.effect == .error, !reply.isSuccess, !isAborted {
          #expect(throws: Never.self, "ADD with \(fault) left something: \(reply)") {
            try node.mustEqual(before, keeping: ["files"])
          }
          let status = try attempt.call(.status)
          #expect(status.isSuccess, "ADD with \(fault) kept the address: \(status)")
          if Self.tellable.contains(fault.call) {
            #expect(reply.code != nil && !reply.message.isEmpty, "ADD with \(fault): \(reply)")
          }
        }
        #expect(throws: Never.self, "DEL after \(fault)") { try attempt.delete() }
        #expect(throws: Never.self, "DEL after \(fault) left something") {
          try node.mustEqual(before, keeping: ["files"])
        }
      }
      #expect(try injector.missed(faults) == [])
      try neighbour.delete()
    }
  }

  /// A signal ends a call and nothing else: it is made again.
  @Test(arguments: ["recvmsg", "read", "flock"]) func aCallThatASignalInterruptsIsMadeAgain(call: String)
    throws
  {
    try withCleanNode(keeping: ["files"]) { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var attachment = PodAttachment(
        try node.pod(), on: node, Configuration.ipvlan(mode: "l3", ipam: try onePool(on: node)))
      attachment.plugin = injector.plugin
      attachment.environment["FAULT"] = "\(call):error=EINTR:when=1+2"
      try attachment.add()
      try attachment.check()
      try attachment.delete()
    }
  }

  /// Nothing can be undone: the link stays in the pod, and so does the lease, since another pod would get its address.
  @Test func anAddressOfALinkThatStaysIsNobodyElses() throws {
    try withCleanNode(keeping: ["files"]) { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      let configuration = Configuration.ipvlan(mode: "l3", ipam: try onePool(on: node))
      let pod = try node.pod()
      var other = PodAttachment(try node.pod("b"), on: node, configuration)
      // The first pod of a master looks into every namespace, also those of tests beside this one: hundreds of messages.
      var first = try node.attachment("first", host: 9, mode: "l3")
      try first.add()
      var left = 0
      // Until one is beyond the last message.
      for occurrence in 1...200 {
        let fault = Fault(call: "sendto", occurrence: occurrence, effect: .errors)
        var attempt = PodAttachment(pod, on: node, configuration)
        attempt.plugin = injector.plugin
        attempt.environment["FAULT"] = fault.description
        let reply = try attempt.call(.add)
        attempt.plugin = Plugin()
        attempt.environment["FAULT"] = nil
        guard !reply.isSuccess else {
          try attempt.delete()
          break
        }
        let stays = try pod.namespace.linkNames() != ["lo"]
        if stays { left += 1 }
        // Also where nobody could tell whether it is there.
        let isKept = "\(reply)".contains("the addresses stay this pod's until then")
        #expect(isKept || !stays, "\(fault) gave the address of a link back: \(reply)")
        let rival = try other.call(.add)
        #expect(rival.isSuccess != isKept, "after \(fault), which said \(reply): \(rival)")
        try other.delete()
        try attempt.delete()
      }
      #expect(left > 0, "no fault left a link")
      try first.delete()
    }
  }

  @Test func aFaultOfADeleteIsToldOrHarmlessAndTheNextDeleteFinishes() throws {
    try withCleanNode(keeping: ["files"]) { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var attachment = PodAttachment(
        try node.pod(), on: node, Configuration.ipvlan(mode: "l3", ipam: try onePool(on: node)))
      let before = try Snapshot(of: node)
      try attachment.add()
      attachment.plugin = injector.plugin
      try attachment.delete()
      let faults = try injector.faults(in: Self.calls, killing: ["sendto"])
      for fault in faults {
        var attempt = PodAttachment(attachment.pod, on: node, attachment.configuration)
        try attempt.add()
        attempt.plugin = injector.plugin
        attempt.environment["FAULT"] = fault.description
        let reply = try attempt.call(.delete)
        attempt.plugin = Plugin()
        attempt.environment["FAULT"] = nil
        if !reply.isSuccess { #expect(throws: Never.self, "DEL after \(fault)") { try attempt.delete() } }
        #expect(throws: Never.self, "DEL with \(fault) left something") {
          try node.mustEqual(before, keeping: ["files"])
        }
        let status = try attempt.call(.status)
        #expect(status.isSuccess, "DEL with \(fault) kept the address: \(status)")
      }
      #expect(try injector.missed(faults) == [])
    }
  }

  @Test func aSecondAddThatFailsLeavesTheFirstAlone() throws {
    try withCleanNode(keeping: ["files"]) { node in
      // In l3 no duplicate detection changes addresses while the test looks.
      var first = PodAttachment(
        try node.pod(), on: node, Configuration.ipvlan(mode: "l3", ipam: try onePool(on: node)))
      try first.add()
      let before = try Snapshot(of: node)
      var second = first
      let reply = try second.call(.add)
      #expect(reply.code == 102)
      #expect(reply.message.contains("eth0"))
      try node.mustEqual(before, keeping: ["files"])
      try first.check()
      try first.delete()
    }
  }

  /// Node pools with a single address of each family, which does not rest.
  private func onePool(on node: Node) throws -> JSONObject {
    try node.writePool("one-v4", subnet: "172.31.16.0/20", ips: "172.31.16.4", gateway: "172.31.16.1")
    try node.writePool("one-v6", subnet: "2001:db8:5::/64", ips: "2001:db8:5::4", gateway: "fe80:ec2::1")
    return node.poolIPAM(cooldown: 0)
  }
}
