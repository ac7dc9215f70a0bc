import Glibc
import Platform
import Testing

@testable import Operator

@Suite struct LintTests {
  /// One of its own, since the cases of a test run at once.
  private static func directory() throws -> String {
    var template = Array("/tmp/lint-test-XXXXXX".utf8CString)
    #expect(unsafe mkdtemp(&template) != nil)
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func remove(_ directory: String, _ names: [String]) {
    for name in names { try? Files.remove("\(directory)/\(name)") }
    unsafe _ = rmdir(directory)
  }

  private func findings(_ name: String, _ text: String) throws -> [String] {
    let directory = try Self.directory()
    let file = "\(directory)/\(name)"
    try Files.replace(file, with: Array(text.utf8))
    defer { Self.remove(directory, [name]) }
    return LintReport([file]).findings.map { String($0.description.dropFirst(directory.count + 1)) }
  }

  @Test func aGoodConfigurationGivesNoFinding() throws {
    let text = """
      {"cniVersion": "1.0.0", "name": "a", "plugins": [
        {"type": "ipvlan", "master": "ens5", "mode": "l3s", "ipam": {"type": "ippool"}}]}
      """
    #expect(try findings("good.conflist", text) == [])
  }

  @Test func aWrongKeyIsToldWithItsLine() throws {
    let text = """
      {
        "cniVersion": "1.0.0", "name": "a",
        "plugins": [
          {
            "type": "ipvlan",
            "mode": "l4"
          }
        ]
      }
      """
    #expect(
      try findings("mode.conflist", text) == [
        "mode.conflist:6: key \"plugins[0].mode\" with value \"l4\" must be one of l2, l3, l3s"
      ])
  }

  @Test(arguments: [
    (
      #""mastr": "ens6""#,
      #"key "plugins[0].mastr" with value "ens6" is not known, and the plugin does not read it: write "master""#
    ),
    (
      #""hostAcces": true"#,
      #"key "plugins[0].hostAcces" with value true is not known, and the plugin does not read it: write "hostAccess""#
    ),
    (
      #""mdoe": "l3""#,
      #"key "plugins[0].mdoe" with value "l3" is not known, and the plugin does not read it: write "mode""#
    ),
    (
      #""ipam": {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24", "rangeStrat": "10.1.0.9"}]]}"#,
      #"key "plugins[0].ipam.ranges[0][0].rangeStrat" with value "10.1.0.9" is not known, and the plugin does not read it: write "rangeStart""#
    ),
    (
      #""ipam": {"type": "host-local", "subent": "10.0.0.0/24", "ranges": [[{"subnet": "10.1.0.0/24"}]]}"#,
      #"key "plugins[0].ipam.subent" with value "10.0.0.0/24" is not known, and the plugin does not read it: write "subnet""#
    ),
  ])
  func aMistypedKeyIsTold(member: String, finding: String) throws {
    let text = #"{"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "ipvlan", \#(member)}]}"#
    #expect(try findings("spelling.conflist", text) == ["spelling.conflist:1: \(finding)"])
  }

  /// Other plugins of the chain, or the runtime, may read them.
  @Test func aKeyThatLooksLikeNoneOfTheseIsNobodysBusiness() throws {
    let text = """
      {"cniVersion": "1.0.0", "name": "a", "plugins": [
        {"type": "ipvlan", "Master": "ens5", "deviceID": "0000:00:06.0", "example.com/tag": 1, "delegate": true,
         "_master": "ens6", "//mode": "l2"}]}
      """
    #expect(try findings("foreign.conflist", text) == [])
  }

  @Test func keysOfIPAMAreLookedAt() throws {
    let text = """
      {"cniVersion": "1.0.0", "name": "a", "type": "ipvlan",
       "ipam": {"type": "ippool",
         "cooldownSeconds": -1}}
      """
    let found = try findings("ipam.conf", text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("ipam.conf:3: key \"ipam.cooldownSeconds\"") ?? false, "\(found)")
  }

  @Test func brokenJSONIsToldWithItsPlace() throws {
    let found = try findings("broken.json", "{\n  \"name\": \n}")
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("broken.json:3: ") ?? false, "\(found)")
  }

  @Test func poolsThatContradictEachOtherAreFound() throws {
    let pool = { (name: String) in
      """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: \(name)}
      spec:
        subnet: 10.0.0.0/24
        ips: [10.0.0.4-10.0.0.8]

      """
    }
    let found = try findings("pools.yaml", pool("a") + "---\n" + pool("b"))
    #expect(found.count == 1)
    #expect(found.first?.contains("spec.ips") ?? false, "\(found)")
  }

  @Test func anUnknownKindIsFound() throws {
    let found = try findings("pod.yaml", "apiVersion: v1\nkind: Pod\n")
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("pod.yaml:2: key \"kind\" with value \"Pod\"") ?? false, "\(found)")
  }

  /// Files of a directory that is linted as a whole, and one after the other by name.
  private func lint(_ files: [String: String], _ paths: [String]? = nil) throws -> [String] {
    let directory = try Self.directory()
    for (name, text) in files { try Files.replace("\(directory)/\(name)", with: Array(text.utf8)) }
    defer { Self.remove(directory, Array(files.keys)) }
    let name = directory.split(separator: "/").last ?? ""
    let paths = paths.map { $0.map { "\(directory)/\($0.replacing("DIRECTORY", with: name))" } }
    return LintReport(paths ?? [directory])
      .findings.map { $0.description.replacing("\(directory)/", with: "") }
  }

  private static func pool(_ name: String, _ ips: String) -> String {
    """
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata:
      name: \(name)
    spec:
      subnet: 10.0.0.0/24
      ips: [\(ips)]

    """
  }

  /// A pool, and in the same folder a network with further keys of `ipam`, if it has any.
  private func sharing(_ pool: String, _ ipam: String?) throws -> LintReport {
    let directory = try Self.directory()
    defer { Self.remove(directory, ["pools.yaml", "net.conf"]) }
    try Files.replace("\(directory)/pools.yaml", with: Array(pool.utf8))
    if let ipam {
      let text =
        #"{"cniVersion": "1.0.0", "name": "n", "type": "ipvlan", "ipam": {"type": "ippool"\#(ipam)}}"#
      try Files.replace(
        "\(directory)/net.conf", with: Array(text.replacing("DIRECTORY", with: directory).utf8))
    }
    return LintReport([directory])
  }

  /// Without an agent that divides it each node would give the same addresses, so that none does.
  @Test func aPoolForSeveralNodesIsTold() throws {
    let pool = Self.pool("one", "10.0.0.4")
    let alone = try sharing(pool, nil)
    #expect(alone.findings == [])
    #expect(alone.remarks.count == 1)
    let remark = try #require(alone.remarks.first)
    #expect(remark.contains("pools.yaml:5: pool one gives no address by itself"), "\(remark)")
    for way in ["spec.nodeName", "ipvlan-agent", "singleNode"] { #expect(remark.contains(way)) }
    // The network reads another folder.
    #expect(try sharing(pool, "").findings == [])
    #expect(try sharing(pool, "").remarks.count == 1)
    // What lies in a node's folder no agent divides.
    let read = try sharing(pool, #", "poolDir": "DIRECTORY""#)
    #expect(read.findings.map(\.line) == [5])
    #expect(read.findings.first?.problem.contains("pool one gives no address by itself") ?? false)
    #expect(read.remarks == [])
  }

  @Test(arguments: [
    ("nodeName: [n1]", ""), ("nodeName: [n1, n1]", ""), ("disable: true", ""),
    ("default: true", #", "singleNode": true"#),
  ]) func aPoolForOneNodeIsNot(key: String, ipam: String) throws {
    let report = try sharing(
      Self.pool("one", "10.0.0.4") + "  \(key)\n", #", "poolDir": "DIRECTORY"\#(ipam)"#)
    #expect(report.findings == [])
    #expect(report.remarks == [])
  }

  @Test func thePartThatAnAgentHasCutOutIsNot() throws {
    let note = "metadata:\n  annotations: {ipvlan-cni.dev/shared: more}"
    let report = try sharing(
      Self.pool("one", "10.0.0.4").replacing("metadata:", with: note), #", "poolDir": "DIRECTORY""#)
    #expect(report.findings == [])
    #expect(report.remarks == [])
  }

  /// As the plugin reads them: the file that sorts first counts, in whatever order they are named.
  @Test(arguments: [
    [""], ["/", "/./b.yaml"], ["b.yaml", "a.yaml"], ["a.yaml", "b.yaml", "../DIRECTORY/b.yaml"],
  ])
  func filesOfACallAreJudgedTogether(paths: [String]) throws {
    let found = try lint(
      [
        "a.yaml": Self.pool("one", "10.0.0.4-10.0.0.8"),
        "b.yaml": Self.pool("two", "10.0.0.8") + "---\n"
          + Self.pool("one", "10.0.0.9"), "c.yaml": Self.pool("three", "10.0.0.10"),
      ], paths)
    #expect(
      found == [
        "b.yaml:7: key \"spec.ips\" with value [\"10.0.0.8\"] has addresses of pool one at a.yaml:1, which is read first "
          + "and counts",
        "b.yaml:12: key \"metadata.name\" with value \"one\" is the name of the pool at a.yaml:1 too, which is read first "
          + "and counts",
      ], "\(found)")
  }

  @Test func aReservationCountsForPoolsOfOtherFiles() throws {
    let reserved =
      "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderReservedIP\nmetadata: {name: r}\nspec: {ips: [10.0.0.9-10.0.0.4]}\n"
    let found = try lint(["d.yaml": Self.pool("one", "10.0.0.4"), "e.yaml": reserved])
    #expect(found.count == 1 && found[0].hasPrefix("e.yaml:4: key \"spec.ips[0]\""), "\(found)")
  }

  /// What the plugin and the runtimes do not read is not judged.
  @Test func hiddenPoolsAreLeftAloneAsThePluginDoes() throws {
    #expect(
      try lint([
        ".old.yaml": Self.pool("one", "x"), "f.yaml.bak": "x", "f.yaml": Self.pool("one", "10.0.0.4"),
      ]) == [])
  }

  @Test(arguments: [
    (
      "networks.conflist", #"{"name": "n", "plugins": [{"type": "ipvlan"}]}"#,
      #"{"name": "n", "type": "ipvlan"}"#, "network n"
    ),
    (
      "x.yaml", "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: n}\n",
      "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: n, namespace: default}\n",
      "NetworkAttachmentDefinition default/n"
    ),
  ]) func twoOfOneNameAreFound(name: String, first: String, second: String, says: String) throws {
    let found = try lint(["1-\(name)": first, "2-\(name)": second])
    #expect(found.count == 1 && found[0].contains("\(says) is at 1-\(name):1 too"), "\(found)")
  }

  /// NetworkAttachmentDefinitions: what Multus takes, and what it cannot.
  @Test(arguments: [
    (#"config: '{"cniVersion":"0.3.1","type":"ipvlan","master":"eth1","ipam":{}}'"#, ""),
    (#"config: '{"cniVersion":"0.3.1","name":"","type":"ipvlan"}'"#, ""),
    (#"config: '{"cniVersion":"0.3.1","plugins":[{"type":"ipvlan"}]}'"#, ""), ("config: ''", ""), ("{}", ""),
    (#"config: {"type": "ipvlan"}"#, "spec.config"), (#"config: '["ipvlan"]'"#, "must be a JSON object"),
    (#"config: '{"type": "ipvlan"'"#, "is not valid JSON"), (#"Config: '{}'"#, "spec.Config"),
    (#"config: '{"type":"ipvlan","mode":"l4"}'"#, "spec.config.mode"),
    (#"config: '{"type":"ipvlan","ipam":{"type":"ippool","ippools":["a"]}}'"#, "spec.config.ipam.ippools"),
    (#"config: '{"type":"macvlan","ipam":{"type":"ippool","Poolz":["a"]}}'"#, "spec.config.ipam.Poolz"),
    (#"config: '{"name":"n"}'"#, "spec.config.type"),
  ]) func definitionsAreJudgedAsMultusReadsThem(spec: String, says: String) throws {
    let text =
      "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: n}\nspec:\n  \(spec)\n"
    for text in [
      text, "kind: List\nitems:\n" + "- " + text.split(separator: "\n").joined(separator: "\n  ") + "\n",
    ] {
      let found = try findings("nad.yaml", text)
      #expect(found.isEmpty == says.isEmpty, "\(found)")
      #expect(found.allSatisfy { $0.contains(says) }, "\(found)")
    }
  }

  @Test func aListOfEveryKindIsJudgedItemByItem() throws {
    let text = """
      kind: List
      items:
      - {apiVersion: spiderpool.spidernet.io/v2beta1, kind: SpiderMultusConfig, metadata: {name: a},
         spec: {cniType: ipvlan, ipvlan: {master: [ens5]}}}
      - {apiVersion: spiderpool.spidernet.io/v2beta1, kind: SpiderIPPool, metadata: {name: p},
         spec: {subnet: 10.0.0.0/24, ips: [10.0.0.4]}}
      - {apiVersion: spiderpool.spidernet.io/v2beta1, kind: SpiderMultusConfig, metadata: {name: b},
         spec: {cniType: ipvlan, ipvlan: {master: [ens5], ippool: {ipv4: [p]}}}}
      - {apiVersion: v1, kind: Pod}
      """
    let found = try findings("list.yaml", text)
    #expect(found.count == 2, "\(found)")
    #expect(found.first?.hasPrefix("list.yaml:8: key \"items[2].spec.ipvlan.ippool\"") ?? false, "\(found)")
    #expect(found.last?.contains("items[3].kind") ?? false, "\(found)")
  }

  /// Runtimes read JSON and nothing else, the plugin reads pool documents of any kind.
  @Test func aByteOrderMarkIsRefusedWhereARuntimeRefusesIt() throws {
    let configuration = "\u{FEFF}{\"name\": \"n\", \"type\": \"ipvlan\"}"
    for name in ["a.conflist", "a.conf", "a.json"] { #expect(try findings(name, configuration).count == 1) }
    #expect(try findings("p.json", "\u{FEFF}" + Self.pool("p", "10.0.0.4")) == [])
  }
}
