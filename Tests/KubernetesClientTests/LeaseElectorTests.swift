import KubernetesClient
import KubernetesStandIn
import Synchronization
import Testing

/// Who leads, and whether two ever did.
private final class Leaders: Sendable {
  private let state = Mutex((now: Set<String>(), terms: [String](), overlapped: false))

  var now: Set<String> { state.withLock { $0.now } }
  var terms: [String] { state.withLock { $0.terms } }
  var overlapped: Bool { state.withLock { $0.overlapped } }

  func lead(_ name: String) async {
    state.withLock {
      $0.overlapped = $0.overlapped || !$0.now.isEmpty
      $0.now.insert(name)
      $0.terms.append(name)
    }
    while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
    _ = state.withLock { $0.now.remove(name) }
  }
}

/// For those who are to lose the lease soon.
private let hasty = LeaseElector.Times(
  leaseDuration: .seconds(3), renewDeadline: .seconds(2), retryPeriod: .milliseconds(200))
/// For those who are to keep it on a machine that is busy for seconds.
private let patient = LeaseElector.Times(
  leaseDuration: .seconds(30), renewDeadline: .seconds(25), retryPeriod: .milliseconds(200))

@Suite struct LeaseElectorTests {
  private func contend(
    _ name: String, _ client: APIClient, _ leaders: Leaders, _ times: LeaseElector.Times = hasty
  ) -> Task<Void, Never> {
    let elector = LeaseElector(client, name: "l", namespace: "a", identity: name, times: times, log: quiet)
    return Task { await elector.run { await leaders.lead(name) } }
  }

  private func holder(_ client: APIClient) async throws -> String? {
    try await client.get(Lease.resource, "l", namespace: "a").spec?.holderIdentity
  }

  @Test("one leads; when it is told to end, the other leads at once")
  func handOver() async throws {
    try await withStandIn { _, client in
      let leaders = Leaders()
      let one = contend("one", client, leaders, patient)
      try await eventually("one leads") { leaders.now == ["one"] }
      let two = contend("two", client, leaders, patient)
      try await Task.sleep(for: .seconds(33))
      #expect(leaders.now == ["one"], "a lease that is renewed is not taken")
      one.cancel()
      await one.value
      #expect(leaders.now != ["one"])
      try await eventually("two leads") { leaders.now == ["two"] }
      #expect(try await holder(client) == "two")
      #expect(try await client.get(Lease.resource, "l", namespace: "a").spec?.leaseTransitions == 1)
      two.cancel()
      await two.value
      #expect(try await holder(client) == "")
      #expect(!leaders.overlapped)
    }
  }

  @Test(
    "a leader that cannot renew stops before another leads",
    arguments: [Fault.silence, .status(500, reason: "x")])
  func cannotRenew(_ fault: Fault) async throws {
    try await withStandIn { server, client in
      let leaders = Leaders()
      let one = contend("one", client, leaders)
      try await eventually("one leads") { leaders.now == ["one"] }
      server.order(FaultRule(fault, to: "patch", path: "/leases/", times: nil))
      try await eventually("nobody leads") { leaders.now.isEmpty }
      one.cancel()
      let two = contend("two", client, leaders)
      server.behave()
      try await eventually("two leads") { leaders.now == ["two"] }
      #expect(!leaders.overlapped)
      two.cancel()
      await two.value
      await one.value
    }
  }

  @Test("a leader renews by one request each time")
  func renewals() async throws {
    try await withStandIn { server, client in
      let leaders = Leaders()
      let one = contend("one", client, leaders, patient)
      try await eventually("one leads") { leaders.now == ["one"] }
      try await eventually("a renewal") { server.count("patch") >= 1 }
      let asked = server.count("get")
      let written = server.count("patch")
      try await eventually("three more") { server.count("patch") >= written + 3 }
      #expect(server.count("get") == asked)
      #expect(leaders.terms.count == 1)
      one.cancel()
      await one.value
    }
  }

  @Test("a lease that was taken by hand ends the leader's work")
  func taken() async throws {
    try await withStandIn { _, client in
      let leaders = Leaders()
      let one = contend("one", client, leaders)
      try await eventually("one leads") { leaders.now == ["one"] }
      _ = try await client.mergePatch(
        Lease.resource, "l", namespace: "a", patch: ["spec": ["holderIdentity": "somebody"]] as FieldValue)
      try await eventually("nobody leads") { leaders.now.isEmpty }
      #expect(try await holder(client) == "somebody")
      // Nobody renews it: it runs out.
      try await eventually("one leads again") { leaders.now == ["one"] }
      one.cancel()
      await one.value
    }
  }

  @Test("of many that begin together one leads")
  func race() async throws {
    try await withStandIn { _, client in
      let leaders = Leaders()
      let tasks = (0..<8).map { contend("c\($0)", client, leaders) }
      try await eventually("one leads") { leaders.now.count == 1 }
      try await Task.sleep(for: .seconds(1))
      #expect(leaders.terms.count == 1)
      for task in tasks { task.cancel() }
      for task in tasks { await task.value }
      #expect(!leaders.overlapped)
    }
  }
}
