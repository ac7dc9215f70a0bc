internal import ClusterObjects
internal import KubernetesClient
internal import Logging
internal import Operator

/// The knowledge and the decisions of a controller that leads; what waits and sends is in ``ClusterController``.
actor ControllerCore {
  private let options: ControllerOptions
  private let log: Logger
  private var view = ControllerView()
  private var nodes: NodeKeeper
  private var lateNodes = LateNodes()
  private var pacer: WriteBackoff
  /// Collections whose CRD is Spiderpool's: it has no conditions.
  private var foreign: Set<String> = []
  /// What was said last of steps that fail, so that it is said once.
  private var faults: [Step.Key: String] = [:]
  private var outages = Outages()
  private(set) var warnings: [Warning] = []
  /// What the log says of Nodes; an event is gone after an hour.
  private var toldOfNodes: Set<Warning> = []
  /// Steps are left that have to wait.
  private(set) var isWaiting = false
  /// Raised whenever something has come that may need a step.
  nonisolated let changes: AsyncStream<Void>
  private let raise: AsyncStream<Void>.Continuation

  init(_ options: ControllerOptions, log: Logger) {
    self.options = options
    self.log = log
    nodes = NodeKeeper(holdTime: options.holdTime)
    pacer = WriteBackoff(options.pace)
    (changes, raise) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Asks for the next ``steps()``.
  nonisolated func poke() { raise.yield() }

  func take(_ collection: Resources.Collection, _ event: ReflectorEvent<UnstructuredObject>) {
    view.take(collection, event)
    let failures = view.feeds.compactMap { name, feed in feed.failure.map { (name, $0) } }
    for line in outages.note(failures) { log.log(level: line.level, "\(line.text)") }
    // Somebody may have put another CRD in its place.
    if case .listed = event { foreign.remove(collection.qualifiedName) }
    raise.yield()
  }

  /// The writes that are needed now, those first that others wait for.
  func steps(at now: ContinuousClock.Instant = .now) -> [Step] {
    let networks = NetworkPlan(view, mode: options.mode)
    var steps = networks.steps
    warnings = networks.verdicts.compactMap { network, verdict in
      verdict.warning.map {
        Warning(
          object: ObjectReference(Resources.networks, network.metadata), reason: $0.reason,
          message: $0.message)
      }
    }
    steps += poolSteps(at: now)
    for (network, verdict) in networks.verdicts {
      guard let draft = outcome(of: verdict).draft else { continue }
      add(draft, Resources.networks, network, to: &steps)
    }
    steps += nodes.steps(view, at: now)
    warnings += nodes.warnings
    let ofNodes = Set(nodes.warnings)
    for warning in ofNodes.subtracting(toldOfNodes) {
      log.warning("\(Resources.nodes.qualifiedName) \(warning.object.name ?? ""): \(warning.message)")
    }
    toldOfNodes = ofNodes
    for step in steps where pacer.isDisputed(step) {
      warnings.append(
        Warning(
          object: ObjectReference(Resources.definitions, metadata(of: step.key)), reason: "Conflict",
          message: "somebody else keeps changing it: of two controllers that make it, one has to be stopped"))
    }
    let allowed = steps.filter { pacer.allows($0, at: now) }
    isWaiting = allowed.count < steps.count || nodes.isWaiting || lateNodes.isWaiting(at: now)
    return allowed
  }

  private func outcome(of verdict: NetworkPlan.Verdict) -> NetworkPlan.Verdict {
    guard case .pending(let key) = verdict else { return verdict }
    let step = Step.Key(kind: .definition, collection: Resources.definitions.qualifiedName, object: key)
    return faults[step].map { .notWritten($0) } ?? verdict
  }

  private func poolSteps(at now: ContinuousClock.Instant) -> [Step] {
    guard view.pools.feed.isComplete else { return [] }
    let conflicts = Dictionary(
      grouping: PoolResolver(node: NodeIdentity(name: "", labels: [:])).resolve(view.ledger.pools.values)
        .conflicts, by: \.identity.name)
    let reports = view.reportsByPool
    let doubles = DoubleHolders(view.pools.objects.values.map(\.metadata), view.reports.objects.values)
    lateNodes.begin()
    var finalizers: [Step] = []
    var statuses: [Step] = []
    for (key, pool) in view.pools.objects.sorted(by: { $0.key < $1.key }) {
      let use = PoolUse(key.name, pool.metadata, reports[key.name] ?? [])
      let heldTwice = doubles.clauses(of: key.name)
      if let problem = PoolStatus.warning(ofHeldTwice: heldTwice) {
        warnings.append(
          Warning(
            object: ObjectReference(Resources.pools, pool.metadata), reason: "Conflict", message: problem))
      }
      let step = PoolKeeper.step(for: pool, use, isWhole: view.reports.isWhole)
      if let step { finalizers.append(step) }
      // It goes with its last finalizer, and nobody reads its status then.
      guard step?.isEnd != true else { continue }
      // Half of the reports would make counts that are too small.
      guard view.reports.feed.isComplete else { continue }
      let status = PoolStatus(
        pool, usable: view.ledger.pools[key.name], fault: view.ledger.faults[key.name],
        conflicts: conflicts[key.name]?.map(\.problem) ?? [],
        heldTwice: heldTwice, use,
        late: lateNodes.among(use.outdated, ofPool: pool.metadata.uid ?? "", at: now))
      add(status.draft, Resources.pools, pool, to: &statuses)
    }
    return finalizers + statuses
  }

  private func add(
    _ draft: StatusDraft, _ collection: Resources.Collection, _ object: UnstructuredObject,
    to steps: inout [Step]
  ) {
    let isOurs = !foreign.contains(collection.qualifiedName)
    guard let patch = draft.patch(over: object, isOurs: isOurs) else { return }
    steps.append(.writeStatus(collection, object, patch))
  }

  private func metadata(of key: Step.Key) -> ObjectMetadata {
    view.definitions.objects[key.object]?.metadata
      ?? ObjectMetadata(name: key.object.name, namespace: key.object.namespace)
  }

  /// Takes note of a step that was taken.
  /// - Parameter object: what the server has now; `nil` where it is gone.
  func note(_ step: Step, _ object: UnstructuredObject?) {
    let key = step.key
    pacer.note(step, at: .now, failed: nil)
    if faults.removeValue(forKey: key) != nil { log.info("\(key) can be written again") }
    if case .writeStatus = step {
      log.debug("\(key): \(step.text)")
    } else {
      log.info("\(key): \(step.text)")
    }
    guard let object else { return }
    view.put(key.collection, object)
    if case .writeStatus(_, _, let status) = step, status["conditions"] != nil,
      object["status"]?["conditions"] == nil
    {
      noteForeign(key.collection)
    }
  }

  /// Takes note of a step whose object is gone, or another one by now: that was to come about, and its event is on the way.
  func note(_ step: Step, overtakenBy error: KubernetesError) {
    pacer.note(step, at: .now, failed: error)
    faults[step.key] = nil
    isWaiting = true
  }

  /// Takes note of a step that failed.
  func note(_ step: Step, failed error: KubernetesError) {
    let key = step.key
    pacer.note(step, at: .now, failed: error)
    isWaiting = true
    // The object has changed meanwhile: its event is on the way.
    guard error.kind != .conflict, error.kind != .alreadyExists else { return }
    guard faults[key] != "\(error)" else { return }
    faults[key] = "\(error)"
    log.warning("\(error); it is tried again")
  }

  /// The collection's objects have no conditions, or no status at all.
  func noteForeign(_ collection: String) {
    guard foreign.insert(collection).inserted else { return }
    log.info("\(collection) has no status.conditions: its CRD is Spiderpool's, and conditions are left out")
  }

  /// Why the controller is not ready.
  var problems: [String] {
    AgentState.problems(
      view.feeds.map { collection, feed in
        .init(
          collection: collection, isComplete: feed.isComplete, problem: feed.failure?.problem,
          cause: feed.failure?.cause, since: feed.failure.map { "\($0.since)" })
      })
  }

  /// What the endpoints show.
  var counts: [(collection: String, objects: Int, isFollowed: Bool)] {
    let counts = [
      view.networks.objects.count, view.definitions.objects.count, view.pools.objects.count,
      view.reports.objects.count, view.nodes.objects.count, view.blocks.objects.count,
    ]
    return zip(view.feeds, counts).map { ($0.collection, $1, $0.feed.isWhole) }
  }

  /// How many steps fail.
  var failing: Int { faults.count }
}
