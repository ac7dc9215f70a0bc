import KubernetesClient
import KubernetesStandIn
import Testing

@Suite struct ProbeTests {
  @Test("the stand-in answers as the API server does", arguments: Probe.all)
  func answer(_ probe: Probe) async throws {
    try await withStandIn { _, client in
      let answer = try await probe.ask(client, namespace: "probing")
      #expect(answer == probe.answer)
    }
  }
}
