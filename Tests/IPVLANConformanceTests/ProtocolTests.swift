import ConformanceSupport
import JSON
import TestSupport
import Testing

/// Environment, configuration and output as the specification has them; wrong input changes nothing.
@Suite struct ProtocolTests {
  @Test func versionEchoesTheInputsVersionAndListsAll() throws {
    try withCleanNode { node in
      for version in ["0.1.0", "0.4.0", "1.1.0"] {
        let reply = try Plugin().call(
          ["CNI_COMMAND": "VERSION"], input: Array("{\"cniVersion\":\"\(version)\"}".utf8), on: node)
        #expect(reply.isSuccess, "\(reply)")
        #expect(reply.document?["cniVersion"]?.string == version)
        #expect(
          reply.document?["supportedVersions"]
            == ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
      }
    }
  }

  @Test func versionNeedsNoInput() throws {
    try withCleanNode { node in
      let reply = try Plugin().call(["CNI_COMMAND": "VERSION"], input: [], on: node)
      #expect(reply.isSuccess && reply.document?["cniVersion"]?.string != nil, "\(reply)")
    }
  }

  @Test func versionDoesNotWaitForAnInputThatNeverComes() throws {
    try withCleanNode { node in
      let reply = try Plugin().call(["CNI_COMMAND": "VERSION"], input: nil, on: node)
      #expect(reply.isSuccess && !reply.completion.isTimedOut, "\(reply)")
    }
  }

  @Test func withoutCommandThePluginIntroducesItselfOnStderr() throws {
    try withCleanNode { node in
      let reply = try Plugin().call([:], input: [], on: node)
      #expect(reply.isSuccess && reply.completion.output.isEmpty, "\(reply)")
      #expect(reply.completion.errors.contains("ipvlan") && reply.completion.errors.contains("1.1.0"))
    }
  }

  /// Variables of the environment that are wrong, and the words by which the error names them.
  static let wrongEnvironments: [(change: [String: String], words: [String])] = [
    (["CNI_COMMAND": "ATTACH"], ["CNI_COMMAND", "ATTACH"]),
    (["CNI_COMMAND": "add"], ["CNI_COMMAND", "add"]),
    (["CNI_CONTAINERID": ""], ["CNI_CONTAINERID"]),
    (["CNI_IFNAME": ""], ["CNI_IFNAME"]),
    (["CNI_NETNS": ""], ["CNI_NETNS"]),
    (["CNI_CONTAINERID": "", "CNI_NETNS": "", "CNI_IFNAME": ""], ["CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"]),
    (["CNI_CONTAINERID": "-abc"], ["CNI_CONTAINERID", "-abc"]),
    (["CNI_CONTAINERID": "a/b"], ["CNI_CONTAINERID", "a/b"]),
    (["CNI_CONTAINERID": "abc\n"], ["CNI_CONTAINERID"]),
    (["CNI_CONTAINERID": "ä"], ["CNI_CONTAINERID"]),
    (["CNI_IFNAME": "sixteen-bytes-xx"], ["CNI_IFNAME", "sixteen-bytes-xx"]),
    (["CNI_IFNAME": "ääääääää"], ["CNI_IFNAME"]),
    (["CNI_IFNAME": "."], ["CNI_IFNAME"]),
    (["CNI_IFNAME": ".."], ["CNI_IFNAME"]),
    (["CNI_IFNAME": "a/b"], ["CNI_IFNAME", "a/b"]),
    (["CNI_IFNAME": "a:b"], ["CNI_IFNAME", "a:b"]),
    (["CNI_IFNAME": "a b"], ["CNI_IFNAME"]),
    (["CNI_IFNAME": "a\u{2003}b"], ["CNI_IFNAME"]),
    (["CNI_ARGS": "nonsense"], ["CNI_ARGS", "nonsense"]),
    (["CNI_ARGS": "FOO=bar"], ["CNI_ARGS", "FOO", "bar"]),
    (["CNI_ARGS": "IP=nonsense"], ["CNI_ARGS", "IP", "nonsense"]),
    (["CNI_ARGS": "MAC=nonsense"], ["CNI_ARGS", "MAC", "nonsense"]),
  ]

  @Test func aWrongEnvironmentIsNamedAndNothingIsTouched() throws {
    try withCleanNode { node in
      let attachment = try node.attachment(ipam: node.hostLocal())
      for (change, words) in Self.wrongEnvironments {
        var attachment = attachment
        attachment.environment = change
        try attachment.call(.add).expectError(code: 4, naming: words, at: #_sourceLocation)
      }
    }
  }

  @Test func unknownArgumentsAreFineWithIgnoreUnknown() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.arguments =
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=x;K8S_POD_UID=y;FOO=b"
      try attachment.add()
      try attachment.check()
      try attachment.delete()
    }
  }

  /// A member of the configuration that is wrong, the code, and the words by which the error names it.
  static let wrongMembers: [(path: [String], value: JSONValue, code: Int, words: [String])] = [
    (["cniVersion"], "2.0.0", 1, ["cniVersion", "2.0.0"]),
    (["cniVersion"], 1, 6, ["cniVersion", "1"]),
    (["name"], .null, 7, ["name"]),
    (["name"], "", 7, ["name"]),
    (["name"], "a/b", 7, ["name", "a/b"]),
    (["name"], 5, 6, ["name", "5"]),
    (["master"], 5, 6, ["master", "5"]),
    (["master"], "a b", 7, ["master", "a b"]),
    (["mode"], "l4", 2, ["mode", "l4"]),
    (["mode"], ["l2"], 6, ["mode"]),
    (["flag"], "open", 2, ["flag", "open"]),
    (["flag"], true, 6, ["flag", "true"]),
    (["mtu"], "1500", 6, ["mtu", "1500"]),
    (["mtu"], -1, 7, ["mtu", "-1"]),
    (["mtu"], 67, 7, ["mtu", "67"]),
    (["mtu"], 65536, 7, ["mtu", "65536"]),
    (["linkInContainer"], "yes", 6, ["linkInContainer", "yes"]),
    (["hostAccess"], 1, 6, ["hostAccess", "1"]),
    (["logFile"], "relative/path", 7, ["logFile", "relative/path"]),
    (["logLevel"], "loud", 7, ["logLevel", "loud"]),
    (["ipam"], "static", 6, ["ipam", "static"]),
    (["ipam", "type"], .null, 7, ["ipam.type"]),
    (["ipam", "type"], 7, 6, ["ipam.type", "7"]),
    (["ipam", "inProcess"], "no", 6, ["ipam.inProcess", "no"]),
    (["ipam", "addresses"], "10.0.0.1/24", 6, ["ipam.addresses", "10.0.0.1/24"]),
    (["ipam", "addresses"], [["address": "10.0.0.1"]], 7, ["ipam.addresses[0].address", "10.0.0.1"]),
    (["ipam", "addresses"], [["address": "10.0.0.1/33"]], 7, ["ipam.addresses[0].address", "10.0.0.1/33"]),
    (["ipam", "addresses"], [["gateway": "10.0.0.1"]], 7, ["ipam.addresses[0].address"]),
    (
      ["ipam", "addresses"], [["address": "10.0.0.2/24", "gateway": "fe80::1"]], 7,
      ["ipam.addresses[0].gateway", "fe80::1"]
    ),
    (["ipam", "addresses"], [5], 6, ["ipam.addresses[0]", "5"]),
    (["ipam", "routes"], [["dst": "nonsense"]], 7, ["ipam.routes[0].dst", "nonsense"]),
    (["ipam", "routes"], [["gw": "10.0.0.1"]], 7, ["ipam.routes[0].dst"]),
    (["ipam", "routes"], [["dst": "10.0.0.0/8", "mtu": -5]], 7, ["ipam.routes[0].mtu", "-5"]),
    (["ipam", "dns"], [1], 6, ["ipam.dns"]),
    (["runtimeConfig"], 5, 6, ["runtimeConfig", "5"]),
    (["runtimeConfig", "ips"], ["nonsense"], 7, ["runtimeConfig.ips[0]", "nonsense"]),
    (["args", "cni", "ips"], [7], 6, ["args.cni.ips[0]", "7"]),
    (["prevResult"], "x", 6, ["prevResult", "x"]),
    (["prevResult"], ["ips": [["address": "nonsense"]]], 7, ["prevResult.ips[0].address", "nonsense"]),
  ]

  @Test func aWrongMemberIsNamedWithItsValueAndNothingIsTouched() throws {
    try withCleanNode { node in
      let attachment = try node.attachment()
      for (path, value, code, words) in Self.wrongMembers {
        var attachment = attachment
        attachment.configuration.set(path, value)
        try attachment.call(.add).expectError(code: code, naming: words, at: #_sourceLocation)
      }
    }
  }

  static let garbage: [(name: String, bytes: [UInt8])] = [
    ("nothing", []),
    ("white space", Array("  \n".utf8)),
    ("a word", Array("hello".utf8)),
    ("half a document", Array(#"{"cniVersion":"1.1.0","name":"#.utf8)),
    ("an array", Array("[]".utf8)),
    ("a string", Array("\"x\"".utf8)),
    ("two documents", Array("{}{}".utf8)),
    ("deep arrays", Array(String(repeating: "[", count: 200_000).utf8)),
    ("deep objects", Array(String(repeating: "{\"a\":", count: 100_000).utf8)),
    ("invalid UTF-8", Array("{\"name\":\"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)),
    ("zero bytes", [UInt8](repeating: 0, count: 4096)),
    ("one MiB of letters", [UInt8](repeating: 0x61, count: 1 << 20)),
    ("more than one MiB", [UInt8](repeating: 0x20, count: 3 << 20)),
    ("a name twice", Array(#"{"name":"a","name":"b"}"#.utf8)),
  ]

  @Test(arguments: [Plugin.Command.add, .delete, .check, .status, .gc])
  func garbageGivesOneErrorDocument(command: Plugin.Command) throws {
    try withCleanNode { node in
      let variables = try node.attachment().variables(command)
      for (name, bytes) in Self.garbage {
        let reply = try Plugin().call(variables, input: bytes, on: node)
        reply.expectError(code: 6, naming: [], at: #_sourceLocation)
        #expect(reply.completion.output.count < 1000, "\(name)")
      }
    }
  }

  @Test func randomBytesGiveOneErrorDocument() throws {
    try withCleanNode { node in
      let variables = try node.attachment().variables(.add)
      for seed in 0..<30 as Range<UInt64> {
        var generator = SeededRandom(seed: seed)
        let count = Int(generator.next() % 5000)
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        try Plugin().call(variables, input: bytes, on: node).expectError(code: 6, at: #_sourceLocation)
      }
    }
  }

  @Test(arguments: ["0.1.0", "0.2.0", "0.3.0", "0.3.1"])
  func checkBeforeItsVersionIsRefused(version: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: version)
      try attachment.mustFail(.check, code: 1, naming: "CHECK", version)
    }
  }

  @Test(arguments: ["0.4.0", "1.0.0"], [Plugin.Command.gc, .status])
  func gcAndStatusBeforeTheirVersionAreRefused(version: String, command: Plugin.Command) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: version)
      try attachment.mustFail(command, code: 1, naming: command.rawValue, version)
    }
  }

  @Test func anErrorDocumentHasTheConfigurationsVersion() throws {
    try withCleanNode { node in
      for version in ["0.3.1", "1.0.0"] {
        var attachment = try node.attachment(version, master: "ens7", version: version)
        #expect(try attachment.mustFail(code: 100).document?["cniVersion"]?.string == version)
      }
    }
  }
}

extension JSONObject {
  /// Sets a member of a nested object, making the objects on the way.
  fileprivate mutating func set(_ path: [String], _ value: JSONValue) {
    guard let first = path.first else { return }
    guard path.count > 1 else { return self[first] = value }
    var inner = self[first]?.object ?? [:]
    inner.set(Array(path.dropFirst()), value)
    self[first] = .object(inner)
  }
}
