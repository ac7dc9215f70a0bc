import ConformanceSupport
import JSON
import Testing

/// A pod may change the links of its own namespace: what it calls them reaches neither a shell nor a terminal.
@Suite struct HostilePodTests {
  /// As printf(1) takes them for its `%b`, which writes bytes that no text can hold.
  static let names = [
    "a;reboot;b", "$(reboot)", "`reboot`", "a'b\"c", "-batch", "up", "a&b|c>d", #"\033[31mred"#,
    #"\001\002\177"#,
    #"\302\23331m"#, #"\342\200\256txt"#, #"\377\376\375\374\373\372\371\370\367\366\365\364\363\362\361"#,
    "#x", "x*?[a-z]",
    #"~\\\\"#,
  ]

  /// The verbs that look at pods.
  static let looks = [
    ["doctor"], ["trace", "web/pod0"], ["links"], ["leases"], ["gc", "--dry-run"], ["pools"], ["metrics"],
  ]

  @Test(arguments: names) func aNameReachesNeitherShellNorTerminal(name: String) throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let pod = site.attachments[0].pod.namespace
      try pod.shell(
        """
        ip link set eth0 down
        ip link set dev eth0 name "$(printf %b "$NAME")"
        ip link set dev "$(printf %b "$NAME")" alias "$(printf %b "cni:x/$NAME;touch PWNED/eth0")"
        """, ["NAME": name])
      for arguments in Self.looks { try site.mustBeHarmless(arguments) }
      let watch = try site.runProgram(
        "timeout", ["--foreground", "2", "\(Plugin.directory)/ipvlanctl", "watch"])
      #expect(watch.text.contains("l3s"), "\(watch)")
      Self.expectNothingActs(watch)
      let finding = try #require(try site.findings().first { $0.kind == "linkDown" })
      try site.runAsHostage(finding.remedy)
      // Bytes that are no UTF-8 cannot be typed as they are shown.
      if !name.hasPrefix(#"\377"#) {
        #expect(try !site.findings().contains { $0.kind == "linkDown" }, "\(finding)")
      }
    }
  }

  /// A pod that may make links gives its own the numbers of the link that it was given, and of that one's master.
  @Test func aLinkOfTheSameNumbersSaysNothingOfTheMastersMode() throws {
    try withNode { node in
      // In the pod the link has the first free number: that of ens5.
      var first = try node.attachment(
        "first", mode: "l3s", master: "ens6", ipam: Configuration.staticIPAM("210.22.16.11/24"))
      try first.add()
      let link = try first.link()
      let (index, master) = (try #require(link["ifindex"]?.int), try #require(link["link_index"]?.int))
      try first.pod.namespace.batch(
        """
        link delete eth0
        link add trunk index \(master) type dummy
        link add eth0 index \(index) link trunk type ipvlan mode l2

        """)
      var second = try node.attachment(
        "second", mode: "l3s", master: "ens6", ipam: Configuration.staticIPAM("210.22.16.12/24"))
      try second.add()
      try second.check()
    }
  }

  static let aliases = [
    #"cni:ipvlan-ens5/\033[31mx;touch PWNED;/eth0"#, "cni:ipvlan-ens5/$(touch PWNED)/eth0",
    #"cni:a/b\nwrong   all is lost/eth0"#, "cni:a/b/eth0;reboot", "cni:../../etc/passwd", "cni:a/b/$(reboot)",
  ]

  @Test(arguments: aliases) func aNoteOfNoRuntimeIsNotOurs(alias: String) throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try site.attachments[0].pod.namespace.shell(
        #"ip link set eth0 down; ip link set dev eth0 alias "$(printf %b "$ALIAS")""#, ["ALIAS": alias])
      // libcni's cache would know better.
      try ScratchFiles.removeAll(site.cache)
      for arguments in Self.looks { try site.mustBeHarmless(arguments) }
      for finding in try site.findings() { try site.runAsHostage(finding.remedy) }
      // Whatever it says, the address is the pod's as long as its link has it.
      try site.control("gc").mustSucceed()
      #expect(try site.control("leases").text.contains("172.31.16.4"))
    }
  }

  @Test func aPodThatRenamesMovesAndAddsLinksMeanwhileIsLookedAtAllTheSame() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      let (pod, other) = (site.attachments[0].pod.namespace, try node.pod("other").namespace)
      let script = """
        ip link add dummy0 type dummy
        while :; do
          ip link set eth0 name x0; ip link set x0 name eth0
          ip link add link eth0 name sub type ipvlan mode l3s; ip link delete sub
          ip link set dummy0 netns \(other.path); nsenter --net=\(other.path) ip link set dummy0 netns \(pod.path)
          sleep 0.05
          ip link set eth0 alias "$(head -c 40 /dev/urandom | base64)"
        done
        """
      let mischief = try pod.start("sh", ["-c", script])
      defer { mischief.kill() }
      for _ in 0..<2 {
        for arguments in Self.looks + [["gc"], ["bundle", "--to", "\(node.directory)/bundle.tar.gz"]] {
          try site.mustBeHarmless(arguments)
        }
      }
      let watch = try site.runProgram(
        "timeout", ["--foreground", "3", "\(Plugin.directory)/ipvlanctl", "watch"])
      Self.expectNothingActs(watch)
      #expect(watch.text.contains("172.31.16.5"), "\(watch)")
      mischief.kill()
      let leases = try site.control("leases").text
      #expect(leases.contains("172.31.16.4") && leases.contains("172.31.16.5"), "\(leases)")
      #expect(try site.control("trace", "web/pod1").isSuccess)
    }
  }

  static func expectNothingActs(_ completion: Completion, at location: SourceLocation = #_sourceLocation) {
    for text in [completion.text, completion.errors] {
      let acting = text.unicodeScalars.filter {
        ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) || $0 == "\u{202E}"
      }
      #expect(acting.isEmpty, "\(completion)", sourceLocation: location)
    }
  }
}

extension OperatorSite {
  /// Runs a verb, which must end of its own accord and show nothing that a terminal acts upon.
  fileprivate func mustBeHarmless(
    _ arguments: [String], at location: SourceLocation = #_sourceLocation
  ) throws {
    let completion = try arguments[0] == "bundle" ? run(arguments) : control(arguments)
    #expect([0, 1].contains(completion.status), "\(completion)", sourceLocation: location)
    HostilePodTests.expectNothingActs(completion, at: location)
  }

  /// Runs a remedy where every command that a pod might have smuggled in is noticed.
  fileprivate func runAsHostage(_ command: String, at location: SourceLocation = #_sourceLocation) throws {
    let (trap, bin) = ("\(node.directory)/trap", "\(node.directory)/bin")
    for name in ["reboot", "touch", "crictl", "kubectl"] {
      try ScratchFiles.writeExecutable("\(bin)/\(name)", "#!/bin/sh\necho \(name) \"$@\" >>\(trap)\n")
    }
    #expect(!command.unicodeScalars.contains { $0.value < 0x20 }, "\(command)", sourceLocation: location)
    _ = try runProgram("bash", ["-c", command])
    let caught = ScratchFiles.read(trap)?.split(separator: "\n").map(String.init) ?? []
    // Restarting the pod is what the tool may mean.
    #expect(
      caught.allSatisfy { $0.hasPrefix("crictl stopp ") || $0.hasPrefix("kubectl --namespace web ") },
      "\(command): \(caught)", sourceLocation: location)
  }
}

extension Namespace {
  /// Runs a script of the shell inside of the namespace.
  fileprivate func shell(_ script: String, _ variables: [String: String]) throws {
    let environment = Program.environment.merging(variables) { $1 }
    try execute("sh", ["-ec", script], environment: environment).mustSucceed()
  }
}
