import Glibc
import JSON
import Platform
import Testing

@testable import Operator

@Suite struct RenderingTests {
  static func document(_ spec: String) -> [UInt8] {
    Array(
      """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderMultusConfig
      metadata:
        name: ipvlan-ens5
        namespace: default
      spec:
      \(spec)
      """.utf8)
  }

  static let guide = document("  cniType: ipvlan\n  ipvlan:\n    master:\n    - ens5\n")

  private func plugin(_ text: [UInt8], mode: String = "l3s") throws -> JSONObject {
    let rendering = try Rendering(text, source: "guide.yaml", as: .cni, mode: mode)
    let list = try JSONValue(parsing: Array(rendering.text.utf8)).object ?? [:]
    #expect(list["name"] == .string("ipvlan-ens5"))
    return list["plugins"]?.array?.first?.object ?? [:]
  }

  @Test func theGuidesDocumentBecomesAConfigurationWithHostAccessAndPools() throws {
    let plugin = try plugin(Self.guide)
    #expect(plugin["type"] == .string("ipvlan"))
    #expect(plugin["master"] == .string("ens5"))
    #expect(plugin["mode"] == .string("l3s"))
    #expect(plugin["hostAccess"] == .bool(true))
    let ipam = plugin["ipam"]?.object
    #expect(ipam?["type"] == .string("ippool"))
    #expect(ipam?["multusName"] == .string("default/ipvlan-ens5"))
  }

  @Test func modeL2HasNoHostAccess() throws {
    #expect(try plugin(Self.guide, mode: "l2")["hostAccess"] == nil)
  }

  @Test func keysOfTheDocumentAreKept() throws {
    let plugin = try plugin(
      Self.document(
        """
          cniType: ipvlan
          enableCoordinator: false
          ipvlan:
            master: [ens5]
            mtu: 1400
            vlanID: 100
            ippools: {ipv4: [a, b]}
        """))
    #expect(plugin["master"] == .string("ens5.100"))
    #expect(plugin["mtu"] == .int(1400))
    #expect(plugin["hostAccess"] == nil)
    #expect(
      try plugin["ipam"]?.object?["pools"] == JSONValue(parsing: Array("{\"ipv4\": [\"a\", \"b\"]}".utf8)))
  }

  @Test func aDefinitionHoldsTheSameConfiguration() throws {
    let text = try Rendering(Self.guide, source: "guide.yaml", as: .nad, mode: "l3s").text
    #expect(text.hasPrefix("apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\n"))
    #expect(text.contains("    {\n      \"cniVersion\": \"1.0.0\",\n      \"name\": \"ipvlan-ens5\","))
  }

  @Test(arguments: [
    ("  cniType: macvlan\n  ipvlan: {master: [ens5]}", "guide.yaml:7", "cniType"),
    ("  cniType: ipvlan\n  ipvlan:\n    master: [\"${NIC}\"]", "guide.yaml:9", "shell variable"),
    ("  cniType: ipvlan\n  ipvlan:\n    master: [ens5, ens6]", "guide.yaml:8", "bond"),
    ("  cniType: ipvlan\n  ipvlan:\n    master: [ens5]\n    mtu: many", "guide.yaml:10", "mtu"),
  ]) func whatCannotBeRenderedIsToldWithItsLine(spec: String, place: String, word: String) {
    let error = #expect(throws: UserError.self) {
      try Rendering(Self.document(spec), source: "guide.yaml", as: .cni, mode: "l3s")
    }
    #expect(error?.description.hasPrefix(place) ?? false, "\(error?.description ?? "")")
    #expect(error?.description.contains(word) ?? false, "\(error?.description ?? "")")
  }

  private static func configuration(
    _ name: String, _ namespace: String = "default", annotations: String = "",
    ipvlan: String = "master: [ens5]"
  ) -> String {
    """
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderMultusConfig
    metadata: {name: \(name), namespace: \(namespace)\(annotations.isEmpty ? "" : ", annotations: {\(annotations)}")}
    spec: {cniType: ipvlan, ipvlan: {\(ipvlan)}}

    """
  }

  private static func render(_ text: String, as form: Rendering.Form = .nad) throws -> Rendering {
    try Rendering(Array(text.utf8), source: "x.yaml", as: form, mode: "l3s")
  }

  @Test func twoOfOneNameInTwoNamespacesAreTwoFiles() throws {
    let text =
      Self.configuration("x", "a") + "---\n" + Self.configuration("x", "b") + "---\n"
      + Self.configuration("y")
    #expect(try Self.render(text).documents.map(\.fileName) == ["a_x.yaml", "b_x.yaml", "y.yaml"])
    // A CNI configuration has no namespace.
    #expect(throws: UserError.self) { try Self.render(text, as: .cni) }
  }

  @Test func twoOfOneNameAreRefusedWithBothPlaces() throws {
    let other = Self.configuration("y", annotations: "multus.spidernet.io/cr-name: x")
    for second in [Self.configuration("x"), other] {
      let error = #expect(throws: UserError.self) {
        try Self.render(Self.configuration("x") + "---\n" + second)
      }
      #expect(error?.description.hasPrefix("x.yaml:") ?? false)
      #expect(
        error?.description.contains("default/x is at x.yaml:1 too") ?? false, "\(error?.description ?? "")")
    }
  }

  @Test(arguments: ["../../escaped", "/etc/x", "X", "a b", "..", "a_b", "\"\"", "123", "true"])
  func aNameThatKubernetesRefusesIsRefused(name: String) {
    for form in Rendering.Form.allCases {
      #expect(throws: UserError.self) { try Self.render(Self.configuration(name), as: form) }
      #expect(throws: UserError.self) { try Self.render(Self.configuration("x", name), as: form) }
      #expect(throws: UserError.self) {
        try Self.render(
          Self.configuration("x", annotations: "multus.spidernet.io/cr-name: \(name == "\"\"" ? "/" : name)"),
          as: form)
      }
    }
  }

  @Test func aNameThatLooksLikeANumberStaysAText() throws {
    #expect(
      try Self.render(Self.configuration("\"1e3\"", "\"123\"")).text.contains(
        "name: \"1e3\"\n  namespace: \"123\"\n"))
  }

  @Test func annotationsGiveNamesAndVersion() throws {
    let annotations =
      "multus.spidernet.io/cr-name: macvlan-100, multus.spidernet.io/cni-version: 0.4.0, cni.spidernet.io/cniconfig-name: net"
    let rendering = try Self.render(Self.configuration("x", annotations: annotations))
    #expect(rendering.documents.map(\.fileName) == ["macvlan-100.yaml"])
    for words in [
      "  name: macvlan-100\n", "\"cniVersion\": \"0.4.0\"", "\"name\": \"net\"", "\"default/macvlan-100\"",
    ] { #expect(rendering.text.contains(words), "\(rendering.text)") }
    #expect(throws: UserError.self) {
      try Self.render(Self.configuration("x", annotations: "multus.spidernet.io/cni-version: \"9\""))
    }
  }

  @Test func listsAreRendered() throws {
    let item = { (name: String) in
      "{apiVersion: spiderpool.spidernet.io/v2beta1, kind: SpiderMultusConfig, metadata: {name: \(name)}, "
        + "spec: {cniType: ipvlan, ipvlan: {master: [ens5]}}}"
    }
    let list = "kind: List\nitems:\n- \(item("a"))\n- {kind: Pod}\n- {kind: List, items: [\(item("b"))]}\n"
    let rendering = try Self.render(list)
    #expect(rendering.documents.map(\.fileName) == ["a.yaml", "b.yaml"])
    #expect(
      rendering.remarks.contains { $0.hasPrefix("x.yaml:4: passed over, it is Pod") }, "\(rendering.remarks)")
  }

  /// Keys that nobody reads, on every level.
  @Test(arguments: [
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5]}\n  enableCordinator: false", "spec.enableCordinator"),
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5], ippool: {ipv4: [a]}}", "spec.ipvlan.ippool"),
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5], mode: l3}", "spec.ipvlan.mode"),
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5], ippools: {IPv4: [a]}}", "spec.ipvlan.ippools.IPv4"),
    (
      "  cniType: ipvlan\n  ipvlan: {master: [ens5], spiderpoolConfigPools: {IPv4IPPool: [vlan120]}}",
      "spiderpoolConfigPools"
    ),
    (
      "  cniType: ipvlan\n  ipvlan: {master: [a, b], bond: {name: c, mode: 1, option: x}}",
      "spec.ipvlan.bond.option"
    ),
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5]}\n  macvlan: {master: [ens5]}", "spec.macvlan"),
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5]}\n  customCNI: '{}'", "spec.customCNI"),
    (
      "  cniType: ipvlan\n  ipvlan: {master: [ens5], ippools: {matchMasterSubnet: true}}", "matchMasterSubnet"
    ),
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5]}\n  chainCNIJsonData: ['{}']", "chainCNIJsonData"),
    ("  cniType: ipvlan\n  ipvlan: {master: [ens5]}\ndisableIPAM: true", "disableIPAM"),
    (
      "  cniType: ipvlan\n  ipvlan: {master: [ens5]}\n  coordinator: {mode: disable}", "spec.coordinator.mode"
    ),
  ]) func whatWouldBeSwallowedIsRefused(spec: String, key: String) {
    let error = #expect(throws: UserError.self) {
      try Rendering(Self.document(spec), source: "guide.yaml", as: .nad, mode: "l3s")
    }
    #expect(error?.description.contains(key) ?? false, "\(error?.description ?? "")")
  }

  /// An object as the API server has it after Spiderpool's webhook.
  @Test func whatTheAPIServerFillsInIsTaken() throws {
    let spec = """
        cniType: ipvlan
        enableCoordinator: true
        disableIPAM: false
        customCNI: ""
        chainCNIJsonData: []
        coordinator: {mode: auto, hijackCIDR: [], policyRoutes: [], podRPFilter: 0, tunePodRoutes: true}
        ipvlan:
          master: [ens5]
          vlanID: 0
          mtu: 0
          rdmaResourceName: ""
          ippools: {ipv4: [], ipv6: [], matchMasterSubnet: false}
      """
    let rendering = try Rendering(Self.document(spec), source: "guide.yaml", as: .nad, mode: "l3")
    #expect(rendering.remarks == [])
    #expect(rendering.text.contains("hostAccess"))
    let disabled = spec.replacing("mode: auto", with: "mode: disabled").replacing(
      "hijackCIDR: []", with: "hijackCIDR: [10.0.0.0/8]")
    let other = try Rendering(Self.document(disabled), source: "guide.yaml", as: .nad, mode: "l3")
    #expect(!other.text.contains("hostAccess"))
    #expect(other.remarks == ["ipvlan-ens5: coordinator.hijackCIDR says nothing here, and is left out"])
  }

  @Test func aBondIsUpBeforeItsVLANAndHasItsOptions() throws {
    let ipvlan =
      "master: [ens5, ens6], vlanID: 100, bond: {name: bond0, mode: 1, options: \"miimon=100;primary=ens5;foo=1;active_slave=ens6\"}"
    let remarks = try Self.render(Self.configuration("x", ipvlan: ipvlan)).remarks
    #expect(
      remarks.prefix(8) == [
        "x needs on every node: ip link add bond0 type bond mode 1 miimon 100 primary ens5",
        "x needs on every node: ip link set ens5 down && ip link set ens5 master bond0",
        "x needs on every node: ip link set ens6 down && ip link set ens6 master bond0",
        "x needs on every node: ip link set bond0 up",
        "x needs on every node: ip link set bond0 type bond active_slave ens6",
        "x needs on every node: ip link add link bond0 name bond0.100 type vlan id 100",
        "x needs on every node: ip link set bond0.100 up",
        "x: ip link has no word for option foo of bond bond0: write 1 to /sys/class/net/bond0/bonding/foo on every node",
      ], "\(remarks)")
  }

  @Test(arguments: [
    ("master: [enp0s31f6npy00], vlanID: 4000", "enp0s31f6npy00.4000"),
    ("master: [\"02:00:00:00:00:01\"], vlanID: 100", "02:00:00:00:00:01.100"),
    ("master: [a, b], bond: {name: a-very-long-bond, mode: 1}", "a-very-long-bond"),
    ("master: [a, b], bond: {name: \"b; reboot\", mode: 1}", "b; reboot"),
    ("master: [a, \"b c\"], bond: {name: bond0, mode: 1}", "b c"),
    ("master: [a, a], bond: {name: bond0, mode: 1}", "twice"),
    ("master: [a, b], bond: {name: bond0}", "mode"),
    ("master: [a, \"\"], bond: {name: bond0, mode: 1}", "must name a link"),
    ("master: [a, b], bond: {name: bond0, mode: 1, options: miimon}", "miimon"),
    ("master: [a, b], bond: {name: bond0, mode: 1, options: \"miimon=$(reboot)\"}", "options"),
    ("master: [ens5], vlanID: 4095", "vlanID"),
  ]) func linksThatCannotBeMadeAreRefused(ipvlan: String, says: String) {
    let error = #expect(throws: UserError.self) { try Self.render(Self.configuration("x", ipvlan: ipvlan)) }
    #expect(error?.description.contains(says) ?? false, "\(error?.description ?? "")")
  }

  @Test func inL3SIsSaidWhatThePodsOwnFiltersDoNotSee() throws {
    let remarks = { (mode: String) in try Rendering(Self.guide, source: "x", as: .cni, mode: mode).remarks }
    #expect(
      try remarks("l3s").contains { $0.contains("neither PREROUTING nor INPUT of the pod's own namespace") })
    #expect(try !remarks("l3").contains { $0.contains("PREROUTING") })
  }

  /// A link in the directory is replaced, and nothing is written where it points to.
  @Test func filesStayInTheDirectory() throws {
    let directory = "/tmp/operator-tests-render"
    try Files.makeDirectory(directory)
    let outside = "/tmp/operator-tests-outside"
    try Files.replace(outside, with: [1])
    try? Files.remove("\(directory)/x.yaml")
    #expect(unsafe symlink(outside, "\(directory)/x.yaml") == 0)
    defer { for path in [outside, "\(directory)/x.yaml"] { try? Files.remove(path) } }
    let rendering = try Self.render(Self.configuration("x"))
    try rendering.write(to: directory)
    #expect(try Files.read(outside) == [1])
    #expect(try Files.read("\(directory)/x.yaml") == Array(rendering.text.utf8))
    #expect(throws: Errno.self) { try Files.linkTarget("\(directory)/x.yaml") }
  }
}
