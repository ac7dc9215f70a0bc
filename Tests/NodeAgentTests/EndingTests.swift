import ClusterObjects
import ClusterTestSupport
import Daemon
import Glibc
import KubernetesClient
import KubernetesStandIn
import Logging
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
  private func refusal(at address: ListenAddress, _ remains: Remains) async -> DaemonError? {
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
      return error as? DaemonError
    }
  }

  @Test("an agent that is told to stop has nothing to complain of")
  func stop() async throws {
    let remains = Remains()
    for _ in 0..<10 {
      try await running(before: { running in
        _ = try await running.client.create(
          Resources.nodes, UnstructuredObject(metadata: ObjectMetadata(name: "n1")))
      }) { running in
        remains.running = running
        try await running.create(pool("a", ips: ["10.0.0.1"]))
        try await eventually("a") { await running.reportedPool("a") != nil }
      }
      let log = remains.running?.log.text ?? ""
      #expect(!log.contains("error ") && !log.contains("warning ") && !log.contains("ancel"), "\(log)")
    }
  }

  /// A probe of the kubelet can come at the moment of SIGTERM.
  @Test("the endpoints end without harm while somebody connects")
  func connecting() async throws {
    for _ in 0..<40 {
      let log = CapturedLog()
      let server = EndpointServer(
        "test", at: .loopback(port: 0), log: Logger(label: "test") { _ in log }, problems: { [] },
        metrics: { "" })
      let ended = Mutex<Result<Void, DaemonError>?>(nil)
      let ending = Task {
        let outcome = await server.run { try? await Task.sleep(for: .seconds(600)) }
        ended.withLock { $0 = outcome }
        return outcome
      }
      // As long as the models of a cluster have the threads of all tests, each step of this waits for them.
      try await eventually("it listens", within: .seconds(900)) {
        try ended.withLock { try $0?.get() }
        return log.text.contains("endpoints listen")
      }
      let port = try #require(
        log.text.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) })
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<2 {
          group.addTask {
            while !Task.isCancelled {
              connect(to: port)
              try? await Task.sleep(for: .microseconds(100))
            }
          }
        }
        try? await Task.sleep(for: .milliseconds(5))
        ending.cancel()
        let outcome = await ending.value
        #expect(throws: Never.self) { try outcome.get() }
        group.cancelAll()
      }
    }
  }

  /// Begins to connect, and breaks it off.
  private func connect(to port: UInt16) {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    defer { close(socket) }
    // Ends with RST: a port in TIME_WAIT is nobody's for a minute, and there are 28,000.
    var linger = linger(l_onoff: 1, l_linger: 0)
    _ = unsafe setsockopt(
      socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    _ = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
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
