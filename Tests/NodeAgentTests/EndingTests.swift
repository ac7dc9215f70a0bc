import ClusterObjects
import ClusterTestSupport
import Daemon
import KubernetesClient
import KubernetesStandIn
import Synchronization
import Testing

@testable import NodeAgent

/// What is left of an agent that has ended.
private final class Remains: Sendable {
  private let content = Mutex<Running?>(nil)

  var running: Running? {
    get { content.withLock { $0 } }
    set { content.withLock { $0 = newValue } }
  }
}

@Suite struct EndingTests {
  @Test("an agent whose endpoints cannot listen says who is in the way, and has written nothing")
  func occupied() async throws {
    try await StandIn.run { other in
      let address = try #require(ListenAddress(String(other.address.dropFirst("http://".count))))
      let remains = Remains()
      let refusal = await refusal(at: address, remains)
      #expect(
        refusal?.problem
          == "ipvlan-agent cannot listen on \(address): the address is in use; see who does: ss -ltnp 'sport = :\(address.port)', or choose another --listen"
      )
      let running = try #require(remains.running)
      #expect(running.server.requests.map(\.verb) == ["create"])
      #expect(running.log.text.isEmpty)
    }
  }

  /// Why an agent does not run that should listen there.
  private func refusal(at address: ListenAddress, _ remains: Remains) async -> DaemonRefusal? {
    let change: @Sendable (inout AgentOptions) -> Void = { $0.listen = address }
    let before: @Sendable (Running) async throws -> Void = { running in
      remains.running = running
      _ = try await running.client.create(
        Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: "n1")))
    }
    do {
      try await running(change, before: before) { _ in try await Task.sleep(for: .seconds(60)) }
      return nil
    } catch {
      return error as? DaemonRefusal
    }
  }

  @Test("an agent that is told to stop has nothing to complain of")
  func stop() async throws {
    let remains = Remains()
    for _ in 0..<10 {
      try await running { running in
        remains.running = running
        try await running.create(pool("a", ips: ["10.0.0.1"]))
        try await eventually("a") { await running.reportedPool("a") != nil }
      }
      let log = remains.running?.log.text ?? ""
      #expect(!log.contains("error ") && !log.contains("warning ") && !log.contains("ancel"), "\(log)")
    }
  }

  @Test("a line of the log says whose it is, in one line")
  func line() {
    let line = LogLine(
      label: "ipvlan-controller", level: .warning, message: "cannot watch nodes:\nno answer",
      metadata: ["b": "2", "a": "1"], at: Timestamp(seconds: 0))
    #expect(
      "\(line)" == "1970-01-01T00:00:00Z warning ipvlan-controller: cannot watch nodes: no answer a=1 b=2")
  }
}
