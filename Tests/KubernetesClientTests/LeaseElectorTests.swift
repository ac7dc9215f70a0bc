import Foundation
import KubernetesStandIn
import Logging
import Synchronization
import Testing

@testable import KubernetesClient

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

/// A log of which only the warnings count.
private final class Warnings: LogHandler, Sendable {
  private let lines = Mutex<[String]>([])

  var log: Logger { Logger(label: "elector") { _ in self } }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .warning }
    set {}
  }
  subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }
  func about(_ words: String) -> Int { lines.withLock { $0.count { $0.contains(words) } } }
}

/// For those who are to lose the lease soon.
private let hasty = LeaseElector.Times(
  leaseDuration: .seconds(3), renewDeadline: .seconds(2), retryPeriod: .milliseconds(200))
/// For those who are to keep it on a machine that is busy for seconds.
private let patient = LeaseElector.Times(
  leaseDuration: .seconds(30), renewDeadline: .seconds(25), retryPeriod: .milliseconds(200))

@Suite struct LeaseElectorTests {
  private func contend(
    _ name: String, _ client: APIClient, _ leaders: Leaders, _ times: LeaseElector.Times = hasty,
    log: Logger = quiet
  ) -> Task<Void, Never> {
    let elector = LeaseElector(client, name: "l", namespace: "a", identity: name, times: times, log: log)
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

  // MARK: a server that was restored

  private func version(_ client: APIClient) async throws -> Int {
    let lease = try await client.get(Lease.resource, "l", namespace: "a")
    return try #require(lease.metadata.resourceVersion.flatMap { Int($0) })
  }

  @Test("a server that goes back to an older state ends the term once, with or without the lease")
  func restored() async throws {
    for hasLease in [true, false] {
      try await withStandIn { server, client in
        let (leaders, warnings) = (Leaders(), Warnings())
        var backup = await server.backUp()
        let one = contend("one", client, leaders, patient, log: warnings.log)
        try await eventually("one leads") { leaders.now == ["one"] }
        if hasLease { backup = await server.backUp() }
        await server.skip(versions: 1000)
        try await eventually("a renewal after that") { (try? await version(client)) ?? 0 > 1000 }
        await server.restore(backup)
        try await eventually("another term", within: .seconds(60)) { leaders.terms.count == 2 }
        let renewed = server.count("patch")
        try await eventually("renewals") { server.count("patch") >= renewed + 5 }
        #expect(leaders.terms == ["one", "one"])
        #expect(leaders.now == ["one"])
        #expect(try await version(client) < 1000)
        #expect(warnings.about("restored from a backup") == 1)
        one.cancel()
        await one.value
        #expect(!leaders.overlapped)
      }
    }
  }

  @Test("one answer of an older state ends one term")
  func lagging() async throws {
    try await withStandIn { server, client in
      let (leaders, warnings) = (Leaders(), Warnings())
      let one = contend("one", client, leaders, patient, log: warnings.log)
      try await eventually("one leads") { leaders.now == ["one"] }
      let older = try await client.get(Lease.resource, "l", namespace: "a")
      let renewed = server.count("patch")
      try await eventually("renewals") { server.count("patch") >= renewed + 2 }
      let text = String(decoding: try JSONEncoder().encode(older), as: UTF8.self)
      server.order(FaultRule(.text(200, text), to: "get", path: "/leases/"))
      server.order(FaultRule(.status(409, reason: "Conflict"), to: "patch", path: "/leases/"))
      try await eventually("another term", within: .seconds(60)) { leaders.terms.count == 2 }
      let again = server.count("patch")
      try await eventually("renewals") { server.count("patch") >= again + 5 }
      #expect(leaders.terms.count == 2)
      #expect(warnings.about("restored from a backup") == 1)
      one.cancel()
      await one.value
    }
  }

  @Test("one that waits takes an older state for no reason to lead")
  func waiting() async throws {
    try await withStandIn { server, client in
      let (leaders, warnings) = (Leaders(), Warnings())
      let one = contend("one", client, leaders, patient)
      try await eventually("one leads") { leaders.now == ["one"] }
      let backup = await server.backUp()
      one.cancel()
      await one.value
      // The holder by the backup is gone.
      await server.restore(backup)
      await server.skip(versions: 1000)
      _ = try await client.mergePatch(
        Lease.resource, "l", namespace: "a", patch: ["spec": ["leaseTransitions": 5]] as FieldValue)
      let two = contend("two", client, leaders, patient, log: warnings.log)
      let asked = server.count("get")
      try await eventually("two looks") { server.count("get") >= asked + 2 }
      await server.restore(backup)
      try await eventually("two notices it") { warnings.about("restored from a backup") == 1 }
      try await Task.sleep(for: .seconds(2))
      #expect(leaders.terms == ["one"])
      #expect(warnings.about("restored from a backup") == 1)
      two.cancel()
      await two.value
    }
  }

  @Test("versions are compared as numbers, and others say nothing")
  func comparing() {
    let newest = NewestVersion()
    let note = { (version: String?) in
      var lease = Lease(metadata: ObjectMetadata(name: "l"))
      lease.metadata.resourceVersion = version
      return newest.note(lease)
    }
    #expect(note("9") == nil)
    #expect(note("10") == nil)
    #expect(note("10") == nil)
    #expect(note(nil) == nil)
    #expect(note("a") == nil)
    #expect(note("9") == 10)
    #expect(note("9") == nil)
    #expect(note("8") == 9)
    #expect(note("11") == nil)
  }
}
