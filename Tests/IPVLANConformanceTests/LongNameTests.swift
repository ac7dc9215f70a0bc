import ConformanceSupport
import JSON
import Testing

/// The specification sets no limit to the length of names; the kernel's note on a link has one.
@Suite struct LongNameTests {
  static let lengths = [(11, 242), (11, 300), (200, 64), (180, 64), (181, 64), (240, 5000), (11, 5000)]

  @Test(arguments: lengths, ["ippool", "host-local"])
  func namesOfAnyLengthAreAttachedAndDetached(lengths: (network: Int, container: Int), type: String) throws {
    try withCleanNode { node in
      let ipam = type == "ippool" ? node.poolIPAM() : node.hostLocal()
      if type == "ippool" {
        try node.writePool(
          "all", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.8", gateway: "172.31.16.1")
      }
      var attachments: [PodAttachment] = []
      for name in ["a", "b"] {
        var attachment = try node.attachment(name, mode: "l3s", ipam: ipam)
        // GC looks into every namespace of the machine: no other test has a network of this name.
        let network = node.identifier + String(repeating: "n", count: lengths.network)
        attachment.configuration["name"] = .string(String(network.prefix(lengths.network)))
        // Two that differ at the end only.
        attachment.environment["CNI_CONTAINERID"] =
          String(repeating: "c", count: lengths.container - 1) + name
        #expect(try attachment.add().addresses == ["172.31.16.\(4 + attachments.count)/20"])
        try attachment.check()
        attachments.append(attachment)
      }
      // GC's list keeps what it names, and frees the rest.
      let valid: JSONValue = [
        ["containerID": .string(attachments[0].environment["CNI_CONTAINERID"] ?? ""), "ifname": "eth0"]
      ]
      attachments[0].configuration["cni.dev/valid-attachments"] = valid
      // What was given a moment ago may belong to an ADD at work; of host-local the file's time tells.
      if type == "host-local" { try node.ageLeases() }
      #expect(try attachments[0].call(.gc).isSuccess)
      try attachments[0].check()
      // A process lives in neither pod, so that the one that is not listed goes: at the next call, where another test's
      // walk through all namespaces was in this one and counted as such a process.
      if type == "host-local" {
        try eventually {
          try attachments[1].pod.namespace.link("eth0") == nil || !attachments[0].call(.gc).isSuccess
        }
        try attachments[0].check()
      }
      #expect(try (attachments[1].pod.namespace.link("eth0") == nil) == (type == "host-local"))
      for index in attachments.indices {
        // The namespace's path is gone; a link is then known by its note alone.
        try attachments[index].delete()
        #expect(try attachments[index].pod.namespace.link("eth0") == nil)
      }
      try node.forgetLeases()
      try ScratchFiles.removeAll(node.poolDirectory)
    }
  }
}
