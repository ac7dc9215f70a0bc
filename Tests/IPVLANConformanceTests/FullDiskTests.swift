import ConformanceSupport
import JSON
import Testing

/// Releases need no room on the disk, and STATUS tells what an ADD would meet.
@Suite struct FullDiskTests {
  /// Runs with the leases on a file system of their own.
  private func withDisk(_ options: String, _ body: (Node, _ leases: String) throws -> Void) throws {
    try withNode { node in
      try node.writePool(
        "a", subnet: "172.31.16.0/20", ips: "172.31.17.1-172.31.18.254", gateway: "172.31.16.1")
      let leases = "\(node.directory)/leases"
      try Program(
        "sh", ["-c", "mkdir -m 700 \(leases); mount -t tmpfs -o \(options),mode=700 none \(leases)"]
      ).run()
        .mustSucceed()
      defer { _ = try? Program("umount", ["-l", leases]).run() }
      try body(node, leases)
    }
  }

  private func fill(_ directory: String) throws {
    // Writes until there is no room: the status is that of a full disk.
    _ = try Program("sh", ["-c", "cat /dev/zero >\(directory)/filler 2>/dev/null; true"]).run()
  }

  @Test(arguments: ["size=256k", "size=1m"]) func leasesAreReleasedOnAFullDisk(options: String) throws {
    try withDisk(options) { node, leases in
      var attachments: [PodAttachment] = []
      for number in 0..<5 {
        var attachment = try node.attachment("pod\(number)", ipam: node.poolIPAM(cooldown: 0))
        try attachment.add()
        attachments.append(attachment)
      }
      #expect(try attachments[0].call(.status).isSuccess)
      try fill(leases)
      // What an ADD may still get depends on the room that earlier ones made; one of them is refused in the end.
      var refused: PodAttachment?
      for number in 5..<40 where refused == nil {
        var attachment = try node.attachment("pod\(number)", ipam: node.poolIPAM(cooldown: 0))
        let reply = try attachment.call(.add)
        if reply.isSuccess { attachments.append(attachment) } else { refused = attachment }
        if let code = reply.code { #expect(code == 107, "\(reply)") }
      }
      if var refused {
        try refused.mustFail(.status, code: 50, naming: leases)
        try refused.delete()
      }
      for index in attachments.indices { try attachments[index].delete() }
      #expect(try held(node) == [])
      try Program("rm", ["\(leases)/filler"]).run().mustSucceed()
      #expect(try attachments[0].call(.status).isSuccess)
      try attachments[0].add()
      try attachments[0].delete()
    }
  }

  @Test func statusTellsOfADiskThatIsReadOnly() throws {
    try withDisk("size=1m") { node, leases in
      for ipam in [node.poolIPAM(), node.hostLocal()] {
        var attachment = try node.attachment(ipam == node.hostLocal() ? "a" : "b", ipam: ipam)
        try attachment.add()
        try attachment.delete()
        try Program("mount", ["-o", "remount,ro", leases]).run().mustSucceed()
        try attachment.mustFail(.status, code: 50, naming: leases)
        try attachment.mustFail(code: 107, naming: leases)
        try Program("mount", ["-o", "remount,rw", leases]).run().mustSucceed()
        #expect(try attachment.call(.status).isSuccess)
      }
    }
  }

  private func held(_ node: Node) throws -> [String] {
    let network: JSONObject = [
      "cniVersion": "1.1.0", "name": "ipvlan-ens5",
      "plugins": [["type": "ipvlan", "master": "ens5", "ipam": .object(node.poolIPAM(cooldown: 0))]],
    ]
    try ScratchFiles.write(
      "\(node.directory)/net.d/a.conflist",
      String(decoding: JSONValue.object(network).serialized(), as: UTF8.self))
    let completion = try Program(
      "\(Plugin.directory)/ipvlanctl", ["leases", "-o", "json", "--conf-dir", "\(node.directory)/net.d"]
    ).run(in: node.namespace)
    let leases = try JSONValue(parsing: completion.output).array ?? []
    return leases.compactMap { $0.object?["address"]?.string }
  }
}
