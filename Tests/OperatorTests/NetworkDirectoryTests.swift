import Foundation
import Platform
import Testing

@testable import Operator

@Suite struct NetworkDirectoryTests {
  /// Pods that name no network are refused then, and nothing in the file itself is wrong.
  @Test func aDefaultNetworkThatIsNotThereIsAFault() throws {
    let directory = "/tmp/networks-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for part in ["net.d", "run/networks", "cache"] {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(part)", withIntermediateDirectories: true)
    }
    let configuration = """
      {"cniVersion": "1.0.0", "name": "multi", "type": "ipvlan-multi", "defaultNetwork": "default/a",
       "runDir": "\(directory)/run", "confDir": "\(directory)/net.d", "dataDir": "\(directory)/multi"}
      """
    try Files.replace("\(directory)/net.d/10-multi.conf", with: Array(configuration.utf8))
    let look = {
      NetworkDirectory("\(directory)/net.d", cache: AttachmentCache(directory: "\(directory)/cache"))
    }

    let fault = try #require(look().faults.first)
    #expect(fault.file == "\(directory)/net.d/10-multi.conf")
    #expect(fault.problem.hasPrefix("NetworkAttachmentDefinition default/a is not known"))
    #expect(fault.remedy?.description.hasSuffix("ipvlanctl kube status") == true)

    let definition = #"""
      {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
       "metadata": {"namespace": "default", "name": "a"},
       "spec": {"config": "{\"cniVersion\": \"1.0.0\", \"name\": \"a\", \"type\": \"ipvlan\"}"}}
      """#
    try Files.replace("\(directory)/run/networks/default_a.json", with: Array(definition.utf8))
    #expect(look().faults.isEmpty)
    #expect(look().ipvlanNetworks.map(\.name) == ["a"])
  }
}
