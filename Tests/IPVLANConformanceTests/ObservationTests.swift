import ConformanceSupport
import JSON
import Testing

/// Whoever only looks changes nothing: no file is made, written, locked out of others' hands or touched.
@Suite struct ObservationTests {
  /// Every verb that only looks; `gc`, `doctor --fix` and `pools --to` are for changing things.
  static let verbs = [
    ["doctor"], ["doctor", "-o", "json"], ["doctor", "--fix", "--dry-run"], ["trace", "web/pod0"],
    ["trace", "210.22.16.11"], ["links"],
    ["leases"],
    ["leases", "--orphans"], ["pools"], ["explain", "ipvlan-ens5"], ["gc", "--dry-run"],
    ["gc", "--dry-run", "--all"],
    ["metrics"], ["watch"], ["lint"], ["render"], ["bundle"],
  ]

  @Test(arguments: verbs) func aLookChangesNoFile(verb: [String]) throws {
    try withNode { node in
      let site = try OperatorSite.withStores(on: node)
      let before = try node.files()
      let log = "/tmp/conformance/\(node.identifier).strace"
      let calls = ScratchFiles.calls.joined(separator: ",")
      let (program, arguments) = site.command(verb)
      let completion = try site.runProgram(
        "strace", ["-f", "-qq", "-o", log, "-e", "trace=\(calls)", program] + arguments)
      #expect([0, 1].contains(completion.status) || verb == ["watch"], "\(completion)")
      let trace = ScratchFiles.read(log) ?? ""
      #expect(trace.contains("openat("), "\(completion)")
      // What is told to be written is no look.
      let changes = trace.split(separator: "\n").filter {
        ScratchFiles.isChange($0) && !$0.contains(site.bundle)
      }
      #expect(changes.isEmpty, "\(changes.joined(separator: "\n"))")
      #expect(try node.files() == before)
      try ScratchFiles.removeAll(log)
    }
  }

  /// On a file system that nobody can write to, the answers are the same.
  @Test(arguments: verbs.filter { !["watch", "bundle"].contains($0[0]) })
  func aLookWorksOnAReadOnlyFileSystem(verb: [String]) throws {
    try withNode { node in
      let site = try OperatorSite.withStores(on: node)
      let (program, arguments) = site.command(verb)
      let before = try site.runProgram(program, arguments)
      let directory = node.directory
      let script = """
        mount --bind \(directory) \(directory) && mount -o remount,bind,ro \(directory) || exit 9
        touch \(directory)/x 2>/dev/null && exit 9
        exec "$@"
        """
      let after = try site.runProgram(
        "unshare", ["-m", "sh", "-c", script, "sh", program] + arguments)
      #expect(after.status == before.status, "\(before)\n\(after)")
      #expect(!after.errors.contains("Read-only"), "\(after)")
      // Ages and counters go on.
      if verb.contains("json") || ["explain", "lint", "render", "gc"].contains(verb[0]) {
        #expect(after.text == before.text, "\(before)\n\(after)")
      }
    }
  }
}

extension OperatorSite {
  /// A node with leases of both allocators, some of the reference's making, and with networks whose stores do not
  /// exist yet.
  fileprivate static func withStores(on node: Node) throws -> OperatorSite {
    let site = try OperatorSite(node)
    let hostLocal = { (directory: String) -> JSONObject in
      [
        "type": "host-local", "subnet": "210.22.16.0/24", "rangeStart": "210.22.16.11",
        "rangeEnd": "210.22.16.15", "dataDir": .string("\(node.directory)/\(directory)"),
      ]
    }
    try site.writeNetwork("ens6", ipam: hostLocal("networks"))
    try site.attach("old", to: "ens6", byReference: true)
    for (name, ipam) in [("new-pools", node.poolIPAM()), ("new-ranges", hostLocal("none"))] {
      var ipam = ipam
      ipam["dataDir"] = .string("\(node.directory)/none-\(name)")
      let list: JSONObject = [
        "cniVersion": "1.0.0", "name": .string(name),
        "plugins": [["type": "ipvlan", "master": "ens5", "mode": "l3s", "ipam": .object(ipam)]],
      ]
      try site.writeConfiguration(
        "\(name).conflist", String(decoding: JSONValue.object(list).serialized(), as: UTF8.self))
    }
    try site.writeConfiguration(
      "multus.yaml",
      """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderMultusConfig
      metadata: {name: ipvlan-ens5, namespace: kube-system}
      spec: {cniType: ipvlan, ipvlan: {master: ["ens5"]}}

      """)
    return site
  }

  fileprivate var bundle: String { "\(node.directory)/../\(node.identifier).tar.gz" }

  /// A verb as it is run here.
  fileprivate func command(_ verb: [String]) -> (program: String, arguments: [String]) {
    let tool = "\(Plugin.directory)/ipvlanctl"
    let paths = ["--conf-dir", configurations, "--cache-dir", cache]
    return switch verb[0] {
    case "watch": ("timeout", ["--foreground", "3", tool, "watch"])
    case "lint": (tool, ["lint", configurations, node.poolDirectory])
    case "render": (tool, ["render", "-f", "\(configurations)/multus.yaml"])
    case "bundle": (tool, ["bundle", "--to", bundle] + paths)
    default: (tool, verb + paths)
    }
  }
}

extension Node {
  /// Every file of the node with what a change would change: number, kind, size, content's and status' times.
  fileprivate func files() throws -> String {
    try Program("find", [directory, "-printf", "%p %i %y %m %s %T@ %C@\n"]).run().mustSucceed().text
  }
}

extension ScratchFiles {
  /// System calls by which files are made, changed or touched.
  fileprivate static let calls = [
    "open", "openat", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "unlink", "unlinkat", "rmdir",
    "rename",
    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "truncate", "ftruncate", "fallocate",
    "utime",
    "utimes", "futimesat", "utimensat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat",
    "lchown",
    "setxattr", "mount",
  ]

  /// Whether a line of strace(1) tells of an attempt to make, change or touch a file.
  fileprivate static func isChange(_ line: Substring) -> Bool {
    guard let call = line.split(separator: " ").dropFirst().first?.prefix(while: { $0 != "(" }),
      calls.contains(String(call))
    else { return false }
    guard call.hasPrefix("open") else { return true }
    return ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].contains(where: line.contains)
      && !line.contains("\"/dev/null\"") && !line.contains("\"/dev/tty\"")
  }
}
