import ConformanceSupport
import Testing

/// What operators read, word for word: tables, findings and errors of nodes in a known state. They are an interface,
/// and a change is to be seen in review. Tests/Runtimes has the table of links, which shows those of other tests' nodes here.
@Suite struct TranscriptTests {
  /// A node in some state, and what somebody types there.
  struct Scene: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var pods = 1
    var prepare: @Sendable (OperatorSite) throws -> Void = { _ in }
    /// The paths of the node are added to all but those that begin with `=`.
    let commands: [String]
  }

  @Test(arguments: scenes) func theToolSaysTheSame(scene: Scene) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: scene.pods)
      try scene.prepare(site)
      let transcript = try scene.commands.map { try Self.play($0, on: site) }.joined(separator: "\n")
      let name = scene.testDescription.replacing(" ", with: "-")
      let isSame = try Transcript.matches(transcript, name, beside: #filePath)
      #expect(isSame, "\(name):\n\(transcript)")
    }
  }

  /// One command as a terminal shows it, errors behind the output.
  private static func play(_ command: String, on site: OperatorSite) throws -> String {
    let isPlain = command.hasPrefix("=")
    let words = command.drop { $0 == "=" }.replacing("@", with: site.node.directory).split(separator: " ")
      .map(String.init)
    let completion = try isPlain ? site.run(words) : site.control(words)
    let status = completion.isSuccess ? "" : "[status \(completion.status ?? -1)]\n"
    return constant(
      "$ ipvlanctl \(words.joined(separator: " "))\n\(completion.text)\(completion.errors)\(status)",
      site.node)
  }

  /// Without what every run has of its own; as long as it was, so that columns stay where they are.
  private static func constant(_ text: String, _ node: Node) -> String {
    let name = node.identifier
    var text = text.replacing(node.directory, with: "/node")
    // Where a column is too narrow the end of the name is missing.
    for length in (5...name.count).reversed() {
      text = text.replacing(name.prefix(length), with: String(repeating: "x", count: length))
    }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      // What stands in the namespaces of other tests' nodes is shown as well, and that they end.
      .filter { !$0.hasPrefix("note: namespace ") && $0.firstMatch(of: #/\bt[0-9][0-9a-z]{7}-/#) == nil }
      .joined(separator: "\n")
      .replacing(#/ *[0-9]+ s(?=\n| +\w)/#) { String(repeating: " ", count: $0.output.count - 3) + "7 s" }
      .replacing(#/[0-9.]+ ([KM]i)?B\b/#, with: "7 B")
  }

  static let scenes = [
    Scene(
      testDescription: "listings", pods: 2, prepare: { try $0.attach("pod2", to: "ens6") },
      commands: ["leases", "pools", "explain ipvlan-ens5 --pod web/shop-0"]),
    Scene(
      testDescription: "a node without networks", pods: 0,
      prepare: { site in
        for nic in ["ens5", "ens6"] { try ScratchFiles.removeAll("\(site.configurations)/\(nic).conflist") }
      },
      commands: ["leases", "doctor", "gc", "trace web/shop-0"]),
    Scene(testDescription: "trace of a healthy pod", commands: ["trace web/pod0"]),
    Scene(
      testDescription: "trace of a broken pod",
      prepare: { site in
        let pod = site.attachments[0].pod.namespace
        try pod.ip("address", "delete", "172.31.16.4/20", "dev", "eth0")
        try site.node.namespace.ip("rule", "delete", "pref", "500")
      }, commands: ["trace web/pod0", "trace web/pod9", "trace 10.9.8.7"]),
    Scene(
      testDescription: "findings",
      prepare: { site in
        try site.node.namespace.ip("link", "set", "ens6", "down")
        try site.node.namespace.ip("route", "add", "172.31.16.8", "dev", "ih-ens5", "proto", "118")
        try site.node.namespace.setSysctl("net/ipv4/ip_forward", "0")
        try site.writeConfiguration("90-broken.conflist", "{\"name\": ")
      }, commands: ["doctor", "doctor --dry-run", "doctor --fix", "=lint @/net.d"]),
    Scene(
      testDescription: "garbage", pods: 2,
      prepare: { site in
        site.attachments[1].pod.namespace.destroy()
        try eventually { try site.control("leases", "--orphans").status == 1 }
        try ScratchFiles.write("\(site.cache)/garbage", "{")
      }, commands: ["leases --orphans", "gc --dry-run", "gc", "gc", "leases"]),
    Scene(
      testDescription: "metrics",
      prepare: { site in
        let log = "\(site.node.directory)/operations.jsonl"
        try ScratchFiles.write(
          log,
          """
          {"command":"ADD","microseconds":4000}
          {"command":"ADD","microseconds":30000,"code":104}
          garbage

          """)
        try site.writeNetwork("ens6", ["logFile": .string(log)])
        try ScratchFiles.write("\(site.cache)/garbage", "{")
      }, commands: ["metrics"]),
    Scene(
      testDescription: "files that are wrong",
      prepare: { site in
        try site.writeNetwork("ens6", ["mode": "l4"])
        try site.writeConfiguration("90-broken.conflist", "{\"name\": ")
        try ScratchFiles.write(
          "\(site.node.poolDirectory)/wrong.yaml", "kind: SpiderIPPool\nspec: {ips: x}\n")
      },
      commands: [
        "=lint @/net.d @/ippool.d", "=lint /nowhere.yaml", "=render -f @/ippool.d/ens5.yaml",
        "explain ipvlan-ens6",
        "explain ipvlan-ens7", "pools",
      ]),
    Scene(
      testDescription: "calls that cannot be understood", pods: 0,
      commands: [
        "=nonsense", "=links --nonsense", "=links -o xml", "=trace", "=explain", "=gc --dry",
        "=kube status --pool-dir pools",
      ]),
    Scene(
      testDescription: "no metadata service", pods: 0,
      commands: [
        "pools --from-imds --imds-endpoint http://127.0.0.1:8111",
        "pools --from-imds --imds-endpoint metadata",
        "doctor --imds-endpoint http://127.0.0.1:8111",
      ]),
    Scene(
      testDescription: "files that cannot be written", pods: 0,
      commands: [
        "bundle --to /nowhere/bundle.tar.gz", "metrics --textfile /nowhere/ipvlan.prom",
        "=doctor --conf-dir /nowhere --cache-dir /nowhere",
      ]),
  ]
}
