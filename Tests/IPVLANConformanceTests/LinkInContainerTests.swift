import ConformanceSupport
import JSON
import Testing

/// A master that lies in the pod's namespace.
@Suite struct LinkInContainerTests {
  /// A pod that has a NIC of its own, named "trunk".
  private func attachment(on node: Node, mode: String = "l2") throws -> PodAttachment {
    var attachment = try node.attachment(mode: mode, master: "trunk")
    attachment.configuration["linkInContainer"] = true
    try attachment.pod.namespace.batch("link add trunk mtu 1450 type dummy\nlink set trunk up\n")
    return attachment
  }

  @Test(arguments: AttachmentTests.modes) func theLinkStandsOnThePodsMaster(mode: String) throws {
    try withCleanNode { node in
      var attachment = try attachment(on: node, mode: mode)
      try attachment.add()
      let link = try attachment.link()
      #expect(link["link"] == "trunk")
      #expect(link["mtu"]?.int == 1450)
      try attachment.check()
      try attachment.delete()
      try attachment.pod.namespace.ip("link", "delete", "trunk")
    }
  }

  @Test func aMasterThatThePodLacksIsNamed() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: "ens5")
      attachment.configuration["linkInContainer"] = true
      try attachment.mustFail(code: 100, naming: "ens5")
    }
  }

  @Test func theKernelsReasonIsTold() throws {
    try withCleanNode { node in
      var attachment = try attachment(on: node)
      try attachment.pod.namespace.batch("link add mv0 link trunk type macvlan\n")
      try attachment.mustFail(code: 100, naming: "trunk", "busy")
      try attachment.pod.namespace.batch("link delete mv0\nlink delete trunk\n")
    }
  }

  @Test func theMTUIsBoundByThePodsMaster() throws {
    try withCleanNode { node in
      var attachment = try attachment(on: node)
      attachment.configuration["mtu"] = 1500
      try attachment.mustFail(code: 100, naming: "1500", "1450", "trunk")
      try attachment.pod.namespace.ip("link", "delete", "trunk")
    }
  }

  @Test func anotherModeThanThePodsOtherLinksHaveIsRefused() throws {
    try withCleanNode { node in
      var first = try attachment(on: node, mode: "l2")
      try first.add()
      var second = PodAttachment(first.pod, on: node, first.configuration, ifname: "net1")
      second.configuration["mode"] = "l3"
      second.configuration["ipam"] = .object(Configuration.staticIPAM("172.31.16.5/20"))
      try second.mustFail(code: 101, naming: "l2", "l3")
      try first.check()
      try first.delete()
      try first.pod.namespace.ip("link", "delete", "trunk")
    }
  }

  /// The fence knows addresses alone, and a pod with a master of its own may have any.
  @Test func deleteLeavesTheFenceOfAnotherPodAlone() throws {
    try withCleanNode { node in
      var fenced = try node.attachment("fenced", mode: "l3s")
      try fenced.add()
      var attachment = try attachment(on: node, mode: "l3s")
      try attachment.add()
      try attachment.delete()
      try fenced.check()
      #expect(try !Traffic.ping("172.31.22.228", from: fenced.pod.namespace, expecting: false))
      try fenced.delete()
      try attachment.pod.namespace.ip("link", "delete", "trunk")
    }
  }

  /// A machine can hold several nodes, and the kernel does not tell whose the pod is: the leases do.
  @Test func garbageCollectionRemovesTheLinksOfThisNodesPodsOnly() throws {
    try withCleanNode { other in
      try withCleanNode { node in
        func collect(on node: Node, like attachment: PodAttachment) throws {
          var call = PodAttachment(attachment.pod, on: node, attachment.configuration)
          call.configuration["ipam"] = .object(node.hostLocal())
          call.configuration["cni.dev/valid-attachments"] = []
          let reply = try call.call(.gc)
          #expect(reply.isSuccess, "\(reply)")
        }
        var attachment = try attachment(on: node)
        attachment.configuration["name"] = .string("gc-\(node.identifier)")
        attachment.configuration["ipam"] = .object(node.hostLocal())
        try attachment.add()
        // An attachment whose lease is young may belong to an ADD at work.
        try node.ageLeases()
        // Another test's walk that is in the namespace counts as a process that lives there: once may miss it.
        for _ in 0..<3 { try collect(on: other, like: attachment) }
        try attachment.check()
        try eventually {
          try collect(on: node, like: attachment)
          return try attachment.pod.namespace.link("eth0") == nil
        }
        #expect(try node.leases("gc-\(node.identifier)").isEmpty)
        try attachment.pod.namespace.ip("link", "delete", "trunk")
        try node.forgetLeases()
      }
      try other.forgetLeases()
    }
  }

  @Test func aLinkThatAnotherNodesADDHasBegunStays() throws {
    try withNode { node in
      let pod = try node.pod("a")
      try pod.namespace.batch(
        "link add trunk type dummy\nlink add ipv0123456789a link trunk type ipvlan mode l3s\n")
      let completion = try OperatorSite(node, pods: 0).control("gc")
      #expect(completion.isSuccess && completion.text.contains("nothing to free"), "\(completion)")
      #expect(try pod.namespace.link("ipv0123456789a") != nil)
    }
  }

  @Test func hostAccessCannotBeHad() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(mode: "l3s")
      attachment.configuration["linkInContainer"] = true
      attachment.configuration["hostAccess"] = true
      try attachment.mustFail(code: 7, naming: "hostAccess", "linkInContainer")
    }
  }
}
