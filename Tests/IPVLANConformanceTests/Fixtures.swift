import ConformanceSupport
import JSON
import Testing

extension Node {
  /// An attachment of a new pod to ens5, with the guide's address 172.31.16.`host` unless `ipam` says otherwise.
  func attachment(
    _ name: String = "a", host: Int = 4, mode: String? = nil, flag: String? = nil, master: String? = "ens5",
    version: String = "1.1.0", ipam: JSONObject? = nil
  ) throws -> PodAttachment {
    let ipam = ipam ?? Configuration.staticIPAM("172.31.16.\(host)/20 via 172.31.16.1")
    return PodAttachment(
      try pod(name), on: self,
      Configuration.ipvlan(master: master, mode: mode, flag: flag, version: version, ipam: ipam))
  }

  /// An attachment to ens5 without addresses.
  func linkOnly(_ name: String = "a", _ keys: JSONObject = [:], master: String? = "ens5") throws
    -> PodAttachment
  {
    var configuration = Configuration.ipvlan(master: master)
    for (key, value) in keys.members { configuration[key] = value }
    return PodAttachment(try pod(name), on: self, configuration)
  }

  /// An attachment with a dual-stack address each.
  func dualStack(_ name: String = "a", host: Int = 4, mode: String? = nil, flag: String? = nil) throws
    -> PodAttachment
  {
    try attachment(
      name, mode: mode, flag: flag,
      ipam: Configuration.staticIPAM(
        "172.31.16.\(host)/20 via 172.31.16.1", "2001:db8:5::\(host)/64 via 2001:db8:5::1"))
  }
}

extension PodAttachment {
  /// Calls the plugin, which must refuse with one proper error document.
  @discardableResult
  mutating func mustFail(
    _ command: Plugin.Command = .add, code: Int, naming words: String...,
    at location: SourceLocation = #_sourceLocation
  ) throws -> PluginReply {
    let reply = try call(command)
    reply.expectError(code: code, naming: words, at: location)
    return reply
  }

  /// Sets members of `ipam`.
  mutating func setIPAM(_ keys: JSONObject) {
    var ipam = configuration["ipam"]?.object ?? [:]
    for (key, value) in keys.members { ipam[key] = value }
    configuration["ipam"] = .object(ipam)
  }

  /// The link in the pod, as iproute2 tells it.
  func link() throws -> JSONObject {
    guard let link = try pod.namespace.link(ifname) else { throw SupportError("\(ifname) is not in the pod") }
    return link
  }
}

extension PluginReply {
  /// Expects one error document as the specification has it, whose texts contain `words`.
  func expectError(code: Int, naming words: [String] = [], at location: SourceLocation) {
    #expect(!isSuccess, "\(self)", sourceLocation: location)
    #expect(completion.status != nil, "a signal ended the plugin: \(self)", sourceLocation: location)
    #expect(document?["cniVersion"]?.string != nil, "\(self)", sourceLocation: location)
    #expect(document?["code"]?.int == code, "\(self)", sourceLocation: location)
    for word in words {
      #expect(
        "\(message) \(details)".contains(word), "\(word) is not named: \(self)", sourceLocation: location)
    }
  }
}
