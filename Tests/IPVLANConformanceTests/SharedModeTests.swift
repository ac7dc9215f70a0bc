import ConformanceSupport
import JSON
import Testing

/// Mode and flag belong to the master: an ADD must never change them under pods that run.
@Suite struct SharedModeTests {
  @Test(arguments: ["l3", "l3s"])
  func anotherModeThanTheMastersPodsHaveIsRefusedAndTheyKeepTheirs(mode: String) throws {
    try withCleanNode { node in
      var first = try node.attachment("a", host: 4, mode: "l2")
      var second = try node.attachment("b", host: 5, mode: mode)
      try first.add()
      let before = try Snapshot(of: node)
      try second.mustFail(code: 101, naming: mode, "l2", "ens5")
      try node.mustEqual(before)
      try first.check()
      try first.delete()
    }
  }

  @Test(arguments: ["private", "vepa"])
  func anotherFlagThanTheMastersPodsHaveIsRefusedAndTheyKeepTheirs(flag: String) throws {
    try withCleanNode { node in
      var first = try node.attachment("a", host: 4)
      var second = try node.attachment("b", host: 5, flag: flag)
      try first.add()
      try second.mustFail(code: 101, naming: flag, "bridge", "ens5")
      try first.check()
      try first.delete()
    }
  }

  @Test func whenNoPodIsLeftTheNewModeIsTaken() throws {
    try withCleanNode { node in
      var first = try node.attachment("a", host: 4, mode: "l2")
      var second = try node.attachment("b", host: 5, mode: "l3s", flag: "private")
      try first.add()
      try first.delete()
      try second.add()
      try second.check()
      try second.delete()
    }
  }

  @Test func whenTheFirstPodIsGoneTheOthersStillCount() throws {
    try withCleanNode { node in
      var first = try node.attachment("a", host: 4, mode: "l2")
      var second = try node.attachment("b", host: 5, mode: "l2")
      var third = try node.attachment("c", host: 6, mode: "l3")
      try first.add()
      try second.add()
      try first.delete()
      try third.mustFail(code: 101, naming: "l2", "l3")
      try second.check()
      try second.delete()
      try third.add()
      try third.delete()
    }
  }

  @Test func aPodWhoseNamespaceDiedDoesNotCount() throws {
    try withCleanNode { node in
      var first = try node.attachment("a", host: 4, mode: "l2")
      var second = try node.attachment("b", host: 5, mode: "l3")
      try first.add()
      first.pod.namespace.destroy()
      // The kernel takes a namespace down in the background: until the address is free, its link stands.
      try eventually { try second.call(.add).isSuccess }
      try second.delete()
      try first.delete()
    }
  }

  @Test func slavesThatSomebodyElseMadeCountToo() throws {
    try withCleanNode { node in
      try node.namespace.ip("link", "add", "other", "link", "ens5", "type", "ipvlan", "mode", "l3")
      var attachment = try node.attachment(mode: "l2")
      try attachment.mustFail(code: 101, naming: "l3", "l2")
      try node.namespace.ip("link", "delete", "other")
    }
  }

  @Test func aPodInAnUnnamedNamespaceCounts() throws {
    try withCleanNode { node in
      let pod = try node.pod("a", heldByProcess: true)
      var first = PodAttachment(pod, on: node, Configuration.ipvlan(mode: "l2"))
      var second = try node.attachment("b", mode: "l3")
      try first.add()
      try second.mustFail(code: 101, naming: "l2", "l3")
      try first.check()
      try first.delete()
    }
  }

  @Test func eachMasterHasAModeOfItsOwn() throws {
    try withCleanNode { node in
      var first = try node.attachment("a", mode: "l2")
      var second = try node.attachment(
        "b", mode: "l3s", master: "ens6", ipam: Configuration.staticIPAM("210.22.16.11/24"))
      try first.add()
      try second.add()
      try first.check()
      try second.check()
      try first.delete()
      try second.delete()
    }
  }
}
