import ConformanceSupport
import JSON
import Testing

/// An executable that a test has written into CNI_PATH.
struct ScriptedPlugin {
  /// The directory for CNI_PATH.
  let directory: String
  /// The executable.
  let path: String

  /// What the script wrote to `$0.NAME`.
  func read(_ name: String) -> String? { ScratchFiles.read("\(path).\(name)") }

  /// Removes the script and what it wrote.
  func remove() throws { try ScratchFiles.removeAll(directory) }
}

extension Node {
  /// An ADD result with the guide's address, as shell.
  static let answer =
    "[ $CNI_COMMAND != ADD ] || echo '{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"172.31.16.4/20\",\"gateway\":\"172.31.16.1\"}]}'"

  /// Writes a plugin of the type `name` that runs `body` with the shell.
  func plugin(_ name: String, _ body: String) throws -> ScriptedPlugin {
    let plugin = ScriptedPlugin(directory: "\(directory)/bin", path: "\(directory)/bin/\(name)")
    try ScratchFiles.writeExecutable(plugin.path, "#!/bin/sh\n\(body)\n")
    return plugin
  }

  /// IPAM host-local for ens5's subnet, with its leases in this node's directory.
  func hostLocal(_ keys: JSONObject = [:]) -> JSONObject {
    var ipam: JSONObject = [
      "type": "host-local", "dataDir": .string("\(directory)/leases"),
      "ranges": [[["subnet": "172.31.16.0/20", "rangeStart": "172.31.16.4", "rangeEnd": "172.31.16.8"]]],
      "routes": [["dst": "0.0.0.0/0"]],
    ]
    for (key, value) in keys.members { ipam[key] = value }
    return ipam
  }

  /// The addresses that host-local holds for a network.
  func leases(_ network: String = "ipvlan-ens5") throws -> [String] {
    ScratchFiles.names(in: "\(directory)/leases/\(network)").filter { $0.first?.isNumber == true }
  }

  /// Makes host-local's leases older than any ADD can be: its files' times tell when they were given.
  func ageLeases() throws {
    try Program("sh", ["-c", "find \(directory)/leases -name '1*' -exec touch -d '1 hour ago' {} +"]).run()
      .mustSucceed()
  }

  /// Removes host-local's directory, which it never removes itself.
  func forgetLeases() throws { try ScratchFiles.removeAll("\(directory)/leases") }

  /// The name under which an attachment's link is born when the node itself has a link of the name that it is to
  /// get: that of the one event in the pod that names another link.
  ///
  /// `nil` since Linux 6.15, which looks for the name only in the namespace in which the link is born.
  func temporaryName(of attachment: PodAttachment) throws -> String? {
    var attachment = attachment
    try attachment.delete()
    try namespace.batch("link add \(attachment.ifname) type dummy\n")
    let events = try LinkEvents(in: attachment.pod.namespace)
    try attachment.add()
    let names = try events.names().subtracting(["lo", attachment.ifname])
    try namespace.batch("link del \(attachment.ifname)\n")
    guard names.isEmpty == Kernel.isAtLeast(6, 15) else {
      throw SupportError("names in the pod on Linux \(Kernel.release): \(names.sorted())")
    }
    return names.first
  }
}
