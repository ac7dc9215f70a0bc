import ConformanceSupport
import JSON
import Testing

/// Many calls at once, and calls that are killed.
@Suite struct ConcurrencyTests {
  @Test func manyAddsAtOnceOnOneMasterAllSucceed() throws {
    try withCleanNode { node in
      let attachments = try (4...8).map { try node.dualStack("p\($0)", host: $0, mode: "l2") }
      let replies = try Concurrently.map(attachments) { attachment in
        var attachment = attachment
        return try attachment.call(.add)
      }
      for reply in replies { #expect(reply.isSuccess, "\(reply)") }
      let first = attachments[0].pod.namespace
      for host in 5...8 { #expect(try Traffic.ping("172.31.16.\(host)", from: first)) }
      let ends = try Concurrently.map(attachments) { attachment in
        var attachment = attachment
        return try attachment.call(.delete)
      }
      for reply in ends { #expect(reply.isSuccess, "\(reply)") }
    }
  }

  @Test func ofTwoModesAtOnceOneWinsAndTheOtherIsRefused() throws {
    try withCleanNode { node in
      let attachments = try [("a", 4, "l2"), ("b", 5, "l3"), ("c", 6, "l2"), ("d", 7, "l3")].map {
        try node.attachment($0, host: $1, mode: $2)
      }
      let replies = try Concurrently.map(attachments) { attachment in
        var attachment = attachment
        return try attachment.call(.add)
      }
      let winners = zip(attachments, replies).filter(\.1.isSuccess)
      let modes = Set(winners.map { $0.0.configuration["mode"]?.string })
      #expect(modes.count == 1)
      for reply in replies where !reply.isSuccess { #expect(reply.code == 101, "\(reply)") }
      for attachment in attachments {
        var attachment = attachment
        try attachment.delete()
      }
    }
  }

  /// The one that is refused takes nothing away from the other: neither link nor lease.
  @Test(arguments: ["static", "host-local", "ippool"])
  func theSameAttachmentTwiceAtOnceIsMadeOnce(ipam: String) throws {
    try withCleanNode(keeping: ipam == "static" ? [] : ["files"]) { node in
      if ipam == "ippool" {
        try node.writePool(
          "ens5", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.8", gateway: "172.31.16.1")
      }
      let allocator: [String: JSONObject] = ["host-local": node.hostLocal(), "ippool": node.poolIPAM()]
      let attachment = try node.attachment(ipam: allocator[ipam])
      let replies = try Concurrently.map([attachment, attachment]) { attachment in
        var attachment = attachment
        return try attachment.call(.add)
      }
      #expect(replies.filter(\.isSuccess).count == 1, "\(replies)")
      #expect(try attachment.pod.namespace.linkNames() == ["lo", "eth0"])
      var again = attachment
      again.configuration["prevResult"] = replies.first(where: \.isSuccess)?.document.map(JSONValue.object)
      let check = try again.call(.check)
      #expect(check.isSuccess, "\(check)")
      try again.delete()
    }
  }

  /// Killed anywhere, DEL takes away what there is, and the same ADD works again.
  @Test(arguments: 0..<12) func anAddThatIsKilledIsTakenBackByDelete(step: Int) throws {
    try withCleanNode { node in
      var attachment = try node.dualStack()
      // Steps of 2 ms reach from before the first request to behind the last.
      try attachment.addAndKill(afterMicroseconds: UInt32(1000 + step * 2000))
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      try attachment.add()
      #expect(try Traffic.ping(Site.ens5.gateway, from: attachment.pod.namespace))
      try attachment.delete()
    }
  }
}
