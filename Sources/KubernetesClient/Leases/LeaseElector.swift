public import Logging

/// Lets one of several processes lead at a time, by a Lease.
///
/// A process leads from the moment in which the server took its name into the lease. The others wait until the lease has
/// not changed for its duration, counted on their own clock from the moment they saw the last change: how far
/// clocks differ does not matter. A leader that could not renew in time stops its work before the others begin.
///
/// That is no fence: a request that a former leader had sent may still arrive. Each write of a leader has to carry its own
/// condition, a resourceVersion or a uid.
///
/// A leader also ends its work when the server answers an older version of the lease than before: the server was restored from
/// a backup, and a watch that goes on from a newer version is silent. The work begins again with the next term. Only a backup that is
/// newer than the last renewal does not show.
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
    var seen = LeaseObservation()
    // Outlasts the terms: one fall of the version ends one term.
    let newest = NewestVersion()
    var faults = RepeatedFaults()
    while !Task.isCancelled {
      let asked = ContinuousClock.now
      switch await acquire(&seen, newest) {
      case .success(true):
        faults.noteSuccess(Self.reaching, log)
        log.info("this process leads", metadata: ["lease": "\(key)", "identity": "\(identity)"])
        await hold(since: asked, newest, lead)
        seen = LeaseObservation()
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
  private func hold(
    since start: ContinuousClock.Instant, _ newest: NewestVersion,
    _ lead: @escaping @Sendable () async -> Void
  ) async {
    enum Ending { case workDone, lost, restored }
    await withTaskGroup(of: Ending.self) { group in
      group.addTask {
        await lead()
        return .workDone
      }
      group.addTask {
        await renew(since: start, newest) == .restored ? .restored : .lost
      }
      if case .lost? = await group.next(), !Task.isCancelled {
        log.warning("this process no longer leads", metadata: ["lease": "\(key)"])
      }
      group.cancelAll()
      await group.waitForAll()
    }
    await release(newest)
  }

  /// Why a term ends.
  private enum Loss {
    /// The lease is gone, was taken by another, or was not renewed in time.
    case lease
    /// The server has an older state than before.
    case restored
  }

  /// Returns when the term has to end.
  private func renew(since start: ContinuousClock.Instant, _ newest: NewestVersion) async -> Loss {
    var renewed = start
    // As the last renewal has left it; `nil` when it has to be looked at.
    var known: Lease?
    var faults = RepeatedFaults()
    while !Task.isCancelled {
      try? await Task.sleep(for: times.retryPeriod)
      let asked = ContinuousClock.now
      let left = times.renewDeadline - (asked - renewed)
      guard left > .zero else { return .lease }
      // A server that does not answer must not keep us leading beyond the deadline.
      let former = known
      let outcome = await within(left) { () async -> Result<Renewal, KubernetesError> in
        do throws(KubernetesError) {
          return .success(try await renewOnce(former, newest))
        } catch {
          return .failure(error)
        }
      }
      switch outcome {
      case .success(.renewed(let lease))?:
        (renewed, known) = (asked, lease)
        faults.noteSuccess(Self.reaching, log)
      case .success(.lost(let loss))?: return loss
      case nil: return .lease
      case .failure(let error)?:
        known = nil
        guard error.kind != .cancelled else { return .lease }
        faults.note(
          Self.reaching,
          "\(error); this process leads until \(times.renewDeadline) after the last renewal, and tries again",
          log)
      }
    }
    return .lease
  }

  /// What a try to renew has come to.
  private enum Renewal {
    case renewed(Lease)
    case lost(Loss)
  }

  /// Renews the lease as it was left by the last renewal, in one request as long as nobody else writes it.
  private func renewOnce(
    _ known: Lease?, _ newest: NewestVersion
  ) async throws(KubernetesError) -> Renewal {
    if let known {
      do throws(KubernetesError) { return try await renew(known, newest) } catch {
        // A server that was restored has no such version, or no lease at all.
        guard error.kind == .conflict || error.kind == .notFound else { throw error }
      }
    }
    let lease: Lease
    switch try await look(newest) {
    case .renewed(let found): lease = found
    case .lost(let loss): return .lost(loss)
    }
    do throws(KubernetesError) { return try await renew(lease, newest) } catch {
      // Somebody else has written between the two requests: look again.
      guard error.kind == .conflict else { throw error }
      return try await look(newest)
    }
  }

  /// Looks whether the lease is still this process's.
  private func look(_ newest: NewestVersion) async throws(KubernetesError) -> Renewal {
    let lease: Lease
    do throws(KubernetesError) {
      lease = try await client.get(Lease.resource, key.name, namespace: key.namespace)
    } catch {
      // Another may make it at any moment.
      guard error.kind == .notFound else { throw error }
      return .lost(.lease)
    }
    if isOlder(lease, newest) { return .lost(.restored) }
    return lease.spec?.holderIdentity == identity ? .renewed(lease) : .lost(.lease)
  }

  private func renew(_ lease: Lease, _ newest: NewestVersion) async throws(KubernetesError) -> Renewal {
    let renewed = try await write(["renewTime": .string(Timestamp.now().description)], over: lease)
    return isOlder(renewed, newest) ? .lost(.restored) : .renewed(renewed)
  }

  /// Takes note of the lease as the server has it now.
  /// - Returns: whether it has had a newer one, which the log tells.
  private func isOlder(_ lease: Lease, _ newest: NewestVersion) -> Bool {
    guard let before = newest.note(lease) else { return false }
    log.warning(
      "the API server answers an older state than before: it was restored from a backup; the process that leads lists everything again",
      metadata: [
        "lease": "\(key)", "version": "\(lease.metadata.resourceVersion ?? "")", "versionBefore": "\(before)",
      ])
    return true
  }

  /// Takes the lease if nobody holds it.
  private func acquire(
    _ seen: inout LeaseObservation, _ newest: NewestVersion
  ) async -> Result<Bool, KubernetesError> {
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
        let made = try await client.create(
          Lease.resource,
          Lease(metadata: ObjectMetadata(name: key.name, namespace: key.namespace), spec: spec))
        // The term that begins now knows nothing of before.
        _ = isOlder(made, newest)
        return .success(true)
      }
      seen.look(at: lease)
      _ = isOlder(lease, newest)
      let holder = lease.spec?.holderIdentity ?? ""
      // The duration that the holder wrote counts, as it is what the holder keeps to.
      let duration = lease.spec?.leaseDurationSeconds.map { Duration.seconds($0) } ?? times.leaseDuration
      guard holder.isEmpty || holder == identity || seen.age > duration else { return .success(false) }
      let now = FieldValue.string(Timestamp.now().description)
      let transitions = (lease.spec?.leaseTransitions ?? 0) + (holder == identity ? 0 : 1)
      let taken = try await write(
        [
          "holderIdentity": .string(identity), "acquireTime": now, "renewTime": now,
          "leaseDurationSeconds": .integer(times.leaseDuration.components.seconds),
          "leaseTransitions": .integer(Int64(transitions)),
        ], over: lease)
      _ = isOlder(taken, newest)
      return .success(true)
    } catch {
      // Another was faster.
      return error.kind == .conflict || error.kind == .alreadyExists ? .success(false) : .failure(error)
    }
  }

  /// Gives the lease up, so that another leads at once. Runs to its end though the task may be cancelled; of a server that says
  /// nothing no process waits at its end.
  private func release(_ newest: NewestVersion) async {
    await Task {
      let outcome = await within(.seconds(2)) { () async -> KubernetesError? in
        do throws(KubernetesError) {
          try await giveUp(newest)
          return nil
        } catch {
          return error
        }
      }
      switch outcome {
      case .some(nil): break
      case .some(let error?): log.info("the lease was not given up, and runs out by itself: \(error)")
      case nil: log.info("the lease was not given up, and runs out by itself: the server does not answer")
      }
    }.value
  }

  private func giveUp(_ newest: NewestVersion) async throws(KubernetesError) {
    let lease = try await client.get(Lease.resource, key.name, namespace: key.namespace)
    _ = isOlder(lease, newest)
    guard lease.spec?.holderIdentity == identity else { return }
    let released = try await write(
      [
        "holderIdentity": "", "leaseDurationSeconds": 1,
        "renewTime": .string(Timestamp.now().description),
      ],
      over: lease)
    _ = isOlder(released, newest)
  }

  /// Changes the lease if it is still the one that was read.
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
