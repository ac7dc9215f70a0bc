import CNI
import IPAM
import Platform
import Testing

@testable import IPVLAN

/// Whoever may start pods may annotate them as he likes, and must not make the node work by that.
@Suite struct ManyAnnotationsTests {
  private static let count = 20_000

  /// The wish of an ADD whose pod has these annotations, as JSON.
  private func wish(_ annotations: String, of plugin: some PluginCommands) throws -> AllocationRequest {
    let environment = Environment([
      "CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/c1", "CNI_IFNAME": "eth0",
    ])
    let text = """
      {"cniVersion":"1.1.0","name":"n","type":"ipvlan",
       "runtimeConfig":{"io.kubernetes.cri.pod-annotations":{\(annotations)}}}
      """
    return try AllocationRequest(
      Request(.add, environment, stdin: Array(text.utf8), annotations: plugin.annotations))
  }

  /// Where each of them is looked for among all, this takes minutes.
  @Test(arguments: ["", "ipam.spidernet.io/", "ipam.spidernet.io/assigned-"])
  func annotationsOfAPodTakeNoLongerThanTheirText(prefix: String) throws {
    let many = (0..<Self.count).map { #""\#(prefix)k\#($0)":"""# }.joined(separator: ",")
    let start = MonotonicInstant.now()
    let wish = try wish(many + #","ipam.spidernet.io/ippool":"x""#, of: IPAMPlugin())
    #expect(wish.annotationsAreKnown)
    #expect(wish.annotations["ipam.spidernet.io/ippool"] == "x")
    #expect(MonotonicInstant.now().microseconds(since: start) < 10_000_000)
  }
}
