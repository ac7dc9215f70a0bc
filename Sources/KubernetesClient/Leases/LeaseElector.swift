public import Logging

/// Lets one of several processes lead at a time, by a Lease.
///
/// A process leads from the moment in which the server took its name into the lease. The others wait until the lease has
/// not changed for its duration, counted on their own clock from the moment they saw the last change: how far
/// clocks differ does not matter. A leader that could not renew in time stops its work before the others begin.
///
/// That is no fence: a request that a former leader had sent may still arrive. Each write of a leader has to carry its own
/// condition, a resourceVersion or a uid.
public struct LeaseElector: Sendable {
  /// Times, in the proportions that Kubernetes' own components use.
  public struct Times: Sendable, Hashable {
    /// For how long after the last renewal the others stay back.
    public var leaseDuration: Duration = .seconds(15)
    /// For how long a leader goes on without a renewal; less than the duration.
    public var renewDeadline: Duration = .seconds(10)
    /// The time between two tries.
    public var retryPeriod: Duration = .seconds(2)

    /// 15, 10 and 2 seconds.
    public init() {}

    /// Other times.
    public init(leaseDuration: Duration, renewDeadline: Duration, retryPeriod: Duration) {
      self.leaseDuration = leaseDuration
      self.renewDeadline = renewDeadline
      self.retryPeriod = retryPeriod
    }
  }

  private let client: APIClient
  private let key: ObjectKey
  private let identity: String
  private let times: Times
  private let log: Logger
  private static let reaching = "reading and writing the lease"

  /// A contender.
  /// - Parameter identity: what tells this process from all others, such as host name and a random number.
  public init(
    _ client: APIClient, name: String, namespace: String, identity: String, times: Times = Times(),
    log: Logger = Logger(label: "kubernetes-client")
  ) {
    self.client = client
    key = ObjectKey(namespace: namespace, name: name)
    self.identity = identity
    self.times = times
    self.log = log
  }

  /// Contends until the task is cancelled, and runs `lead` while this process leads.
  ///
  /// `lead` is cancelled when the lease is lost, and should end at once; a lease is given up when `lead` returns by
  /// itself, and when the task is cancelled.
  public func run(_ lead: @escaping @Sendable () async -> Void) async {
    var seen = Observation()
    var faults = RepeatedFaults()
    while !Task.isCancelled {
      let asked = ContinuousClock.now
      switch await acquire(&seen) {
      case .success(true):
        faults.noteSuccess(Self.reaching, log)
        log.info("this process leads", metadata: ["lease": "\(key)", "identity": "\(identity)"])
        await hold(since: asked, lead)
        seen = Observation()
      case .success(false): faults.noteSuccess(Self.reaching, log)
      case .failure(let error):
        guard error.kind != .cancelled else { return }
        faults.note(
          Self.reaching,
          "\(error); until then this process does not lead, and tries again each \(times.retryPeriod)",
          log)
      }
      try? await Task.sleep(for: times.retryPeriod + .random(below: times.retryPeriod / 5))
    }
  }

  /// Leads, and renews the lease meanwhile.
  private func hold(since start: ContinuousClock.Instant, _ lead: @escaping @Sendable () async -> Void) async
  {
    enum Ending { case workDone, lost }
    await withTaskGroup(of: Ending.self) { group in
      group.addTask {
        await lead()
        return .workDone
      }
      group.addTask {
        await renew(since: start)
        return .lost
      }
      if case .lost? = await group.next(), !Task.isCancelled {
        log.warning("this process no longer leads", metadata: ["lease": "\(key)"])
      }
      group.cancelAll()
      await group.waitForAll()
    }
    await release()
  }

  /// Returns when the lease is lost: taken by another, or not renewed in time.
  private func renew(since start: ContinuousClock.Instant) async {
    var renewed = start
    // As the last renewal has left it; `nil` when it has to be looked at.
    var known: Lease?
    var faults = RepeatedFaults()
    while !Task.isCancelled {
      try? await Task.sleep(for: times.retryPeriod)
      let asked = ContinuousClock.now
      let left = times.renewDeadline - (asked - renewed)
      guard left > .zero else { return }
      // A server that does not answer must not keep us leading beyond the deadline.
      let former = known
      let outcome = await within(left) { () async -> Result<Lease?, KubernetesError> in
        do throws(KubernetesError) {
          return .success(try await renewOnce(former))
        } catch {
          return .failure(error)
        }
      }
      switch outcome {
      case .success(let lease?)?:
        (renewed, known) = (asked, lease)
        faults.noteSuccess(Self.reaching, log)
      case .success(nil)?, nil: return
      case .failure(let error)?:
        known = nil
        guard error.kind != .cancelled else { return }
        faults.note(
          Self.reaching,
          "\(error); this process leads until \(times.renewDeadline) after the last renewal, and tries again",
          log)
      }
    }
  }

  /// Renews the lease as it was left by the last renewal, in one request as long as nobody else writes it.
  /// - Returns: the lease; `nil` when another holds it.
  private func renewOnce(_ known: Lease?) async throws(KubernetesError) -> Lease? {
    if let known {
      do throws(KubernetesError) { return try await renew(known) } catch {
        guard error.kind == .conflict || error.kind == .notFound else { throw error }
      }
    }
    let lease = try await client.get(Lease.resource, key.name, namespace: key.namespace)
    guard lease.spec?.holderIdentity == identity else { return nil }
    do throws(KubernetesError) { return try await renew(lease) } catch {
      // Somebody else has written between the two requests: look again.
      guard error.kind == .conflict else { throw error }
      let lease = try await client.get(Lease.resource, key.name, namespace: key.namespace)
      return lease.spec?.holderIdentity == identity ? lease : nil
    }
  }

  private func renew(_ lease: Lease) async throws(KubernetesError) -> Lease {
    try await write(["renewTime": .string(Timestamp.now().description)], over: lease)
  }

  /// Takes the lease if nobody holds it.
  private func acquire(_ seen: inout Observation) async -> Result<Bool, KubernetesError> {
    do throws(KubernetesError) {
      let lease: Lease
      do throws(KubernetesError) {
        lease = try await client.get(Lease.resource, key.name, namespace: key.namespace)
      } catch {
        guard error.kind == .notFound else { throw error }
        let now = Timestamp.now()
        let spec = Lease.Specification(
          holderIdentity: identity, leaseDurationSeconds: Int(times.leaseDuration.components.seconds),
          acquireTime: now, renewTime: now, leaseTransitions: 0)
        _ = try await client.create(
          Lease.resource,
          Lease(metadata: ObjectMetadata(name: key.name, namespace: key.namespace), spec: spec))
        return .success(true)
      }
      seen.look(at: lease)
      let holder = lease.spec?.holderIdentity ?? ""
      // The duration that the holder wrote counts, as it is what the holder keeps to.
      let duration = lease.spec?.leaseDurationSeconds.map { Duration.seconds($0) } ?? times.leaseDuration
      guard holder.isEmpty || holder == identity || seen.age > duration else { return .success(false) }
      let now = FieldValue.string(Timestamp.now().description)
      let transitions = (lease.spec?.leaseTransitions ?? 0) + (holder == identity ? 0 : 1)
      try await write(
        [
          "holderIdentity": .string(identity), "acquireTime": now, "renewTime": now,
          "leaseDurationSeconds": .integer(times.leaseDuration.components.seconds),
          "leaseTransitions": .integer(Int64(transitions)),
        ], over: lease)
      return .success(true)
    } catch {
      // Another was faster.
      return error.kind == .conflict || error.kind == .alreadyExists ? .success(false) : .failure(error)
    }
  }

  /// Gives the lease up, so that another leads at once. Runs to its end though the task may be cancelled.
  private func release() async {
    await Task {
      do throws(KubernetesError) {
        let lease = try await client.get(Lease.resource, key.name, namespace: key.namespace)
        guard lease.spec?.holderIdentity == identity else { return }
        try await write(
          [
            "holderIdentity": "", "leaseDurationSeconds": 1,
            "renewTime": .string(Timestamp.now().description),
          ],
          over: lease)
      } catch {
        log.info("the lease was not given up, and runs out by itself: \(error)")
      }
    }.value
  }

  /// Changes the lease if it is still the one that was read.
  @discardableResult
  private func write(
    _ spec: [String: FieldValue], over lease: Lease
  ) async throws(KubernetesError) -> Lease {
    guard let version = lease.metadata.resourceVersion else {
      throw KubernetesError(.undecodable, action: "renew lease \(key)", problem: "it has no resourceVersion")
    }
    let patch: FieldValue = ["metadata": ["resourceVersion": .string(version)], "spec": .object(spec)]
    return try await client.mergePatch(Lease.resource, key.name, namespace: key.namespace, patch: patch)
  }
}

/// Since when, on our clock, a lease has not changed.
private struct Observation {
  private var version: String?
  private var since = ContinuousClock.now

  var age: Duration { ContinuousClock.now - since }

  mutating func look(at lease: Lease) {
    guard lease.metadata.resourceVersion != version else { return }
    version = lease.metadata.resourceVersion
    since = .now
  }
}
