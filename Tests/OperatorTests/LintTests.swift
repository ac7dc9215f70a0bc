import Platform
import Testing

@testable import Operator

@Suite struct LintTests {
  private func findings(_ name: String, _ text: String) throws -> [String] {
    let directory = "/tmp/operator-tests"
    try Files.makeDirectory(directory)
    let file = "\(directory)/\(name)"
    try Files.replace(file, with: Array(text.utf8))
    defer { try? Files.remove(file) }
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
}
