import ConformanceSupport
import JSON
import Testing

/// The files of cni-conf as they are, with pools and leases in the test's own directory.
@Suite struct ShippedConfigurationTests {
  private static let directory = "\(Plugin.directory)/../cni-conf"

  static let files: [(file: String, nic: Site.NIC)] = [
    ("10-ipvlan-ens5.conflist", Site.ens5), ("11-ipvlan-ens6.conflist", Site.ens6),
    ("l2/10-ipvlan-ens5.conflist", Site.ens5), ("l2/11-ipvlan-ens6.conflist", Site.ens6),
  ]

  /// The plugin's part of a list, with what libcni adds to it.
  private func configuration(_ file: String, on node: Node) throws -> JSONObject {
    let text = try #require(ScratchFiles.read("\(Self.directory)/\(file)"))
    let list = try #require(try JSONValue(parsing: Array(text.utf8)).object)
    var configuration = try #require(list["plugins"]?.array?.first?.object)
    configuration["name"] = list["name"]
    configuration["cniVersion"] = list["cniVersion"]
    var ipam = try #require(configuration["ipam"]?.object)
    ipam["poolDir"] = .string("\(Self.directory)/ippool.d")
    ipam["dataDir"] = .string("\(node.directory)/leases")
    configuration["ipam"] = .object(ipam)
    return configuration
  }

  @Test(arguments: files.indices) func aPodGetsAnAddressOfItsNICAndReachesTheGateway(index: Int) throws {
    let (file, nic) = Self.files[index]
    try withNode { node in
      var attachment = PodAttachment(try node.pod(), on: node, try configuration(file, on: node))
      attachment.environment["NODE_NAME"] = "master"
      let reply = try attachment.add()
      #expect(reply.addresses == ["\(nic.podAddresses[0])/\(nic.prefixLength)"])
      #expect(try Traffic.ping(nic.gateway, from: attachment.pod.namespace))
      #expect(try Traffic.ping(Site.outside, from: attachment.pod.namespace))
      try attachment.check()
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
    }
  }
}
