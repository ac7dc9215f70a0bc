import JSON
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
    let error = #expect(throws: Refusal.self) {
      try Rendering(Self.document(spec), source: "guide.yaml", as: .cni, mode: "l3s")
    }
    #expect(error?.description.hasPrefix(place) ?? false, "\(error?.description ?? "")")
    #expect(error?.description.contains(word) ?? false, "\(error?.description ?? "")")
  }
}
