internal import Addressing
internal import ClusterObjects
internal import IPAM
internal import KubernetesClient
internal import Logging
internal import Operator
internal import Platform

/// The agent's knowledge and decisions; what waits and sends is in ``NodeAgent``.
actor AgentCore {
  let options: AgentOptions
  let machine: MachineIdentity
  let server: String
  let log: Logger
  private let file: PoolFile
  private let markFile: SeenVersionFile
  var view: ClusterView
  var rivalry: DuplicateNodeDetection
  var resolution: PoolResolution?
  private(set) var fileFault: String?
  private var markFault: String?
  private(set) var writtenMark = Continuity.Mark()
  /// Whether pods are followed; `nil` as long as nobody can tell whether they have to be.
  var followsPods: Bool?
  var podDirectory: PodDirectory
  var podFault: String?
  /// What of the mirror the files have.
  var podRevision: Int?
  let definitionDirectory: DefinitionDirectory
  var networkFault: String?
  /// What of the mirror the files have.
  var networkRevision: Int?
  private(set) var lastSync: Timestamp?
  private(set) var store: StoreView?
  private(set) var storeFault: String?
  private(set) var reportFault: KubernetesError?
  private var outages = Outages()
  private var faults = RepeatedFaults()
  /// The report that the API server has taken last; `nil` when it may have none, or another one.
  var reported: NodeReport?
  /// The version of this node's report at the API server. A report that was given up on may still be on its way: it cannot take
  /// a later one's place.
  var reportVersion: String?
  /// When the agent started. It reads what the run before has reported, before it reports anew.
  let started = ContinuousClock.now
  /// How often there was something that nobody had been asked about.
  var newsCount = 0
  /// The API server drops what the report says of addresses: its definition of reports is older than this agent.
  var hasOldDefinition = false
  /// Whether this node's report of the run before has been looked at.
  var wasReportRead = false
  var written: AgentState?
  /// The store has to be read although nobody has changed it: the files of pools have.
  private var wantsLook = true
  /// When conditions took on what they say, as the API server has it.
  var transitions: [NodeReport.Kind: (isTrue: Bool, since: Timestamp)] = [:]
  /// Raised whenever something has come that files or report may have to follow.
  nonisolated let changes: AsyncStream<Void>
  let raise: AsyncStream<Void>.Continuation
  /// The same of the files of pods, which a pod's ADD may wait for.
  nonisolated let podChanges: AsyncStream<Void>
  private let raisePods: AsyncStream<Void>.Continuation
  /// How often the pool file was written, and how often it had been when the lease store was read.
  private(set) var fileRevision = 0
  private(set) var storeRevision = -1
  /// The Node whose blocks the pool file gives, and which writing of it was the first.
  private(set) var fileOwner: (uid: String, revision: Int)?
  /// The pools by which this node gives addresses, and those that are gone while pods hold theirs.
  var given: GivenPools
  var formerPools = FormerPools()
  /// How often the pool file had been written when they were acknowledged.
  var acknowledgedRevision = -1
  /// Raised whenever something has come that the files of networks may have to follow.
  nonisolated let networkChanges: AsyncStream<Void>
  let raiseNetworks: AsyncStream<Void>.Continuation
  /// Blocks of shared pools: what was decided last, and what is under way.
  var division: BlockDivision
  /// Raised whenever a block may have to be claimed or given back.
  nonisolated let blockChanges: AsyncStream<Void>
  let raiseBlocks: AsyncStream<Void>.Continuation
  /// Whether pods are to be followed, whenever that changes.
  nonisolated let podWishes: AsyncStream<Bool>
  let wishPods: AsyncStream<Bool>.Continuation
  /// Raised when the API server may have lost what this node has seen of it.
  nonisolated let doubts: AsyncStream<Void>
  let raiseDoubts: AsyncStream<Void>.Continuation
  /// Those who have to list everything anew when the API server was restored.
  var lossListeners: [AsyncStream<Void>.Continuation] = []
  /// How often everything had to be listed anew, and for which of these times the pool file was written.
  var lives = 0
  var writtenLife = -1
  /// This node's report as it is followed.
  var reportFeed = Feed()
  /// Why no block can be claimed or given back.
  var blockFault: KubernetesError?
  /// Whether somebody has looked at the server's state in this run.
  var hasLooked = false
  /// The server does not let this node look.
  var isLookRefused = false

  init(_ options: AgentOptions, machine: MachineIdentity, server: String, log: Logger) {
    self.options = options
    self.machine = machine
    self.server = server
    self.log = log
    file = PoolFile(directory: options.poolDirectory)
    markFile = SeenVersionFile(directory: options.poolDirectory)
    podDirectory = PodDirectory(runDirectory: options.runDirectory, retention: options.podRetention)
    definitionDirectory = DefinitionDirectory(runDirectory: options.runDirectory)
    let before = file.pools()
    view = ClusterView(before: before)
    given = GivenPools(before: before)
    func addresses(shared: Bool) -> AddressSet {
      AddressSet(union: before.filter { $0.pool.isShared == shared }.map(\.pool.addresses))
    }
    division = BlockDivision(
      node: options.nodeName, before: addresses(shared: true), own: addresses(shared: false),
      rest: options.blockRest, continuity: Continuity(mark: markFile.read(), grace: options.lossGrace))
    rivalry = DuplicateNodeDetection(machineID: machine.machineID)
    (changes, raise) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (blockChanges, raiseBlocks) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (podChanges, raisePods) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (networkChanges, raiseNetworks) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (podWishes, wishPods) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (doubts, raiseDoubts) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    // Of the run before.
    raiseDoubts.yield()
  }

  func takePools(_ event: ReflectorEvent<UnstructuredObject>) {
    noteServer(event, view.pools)
    notePools(event)
    take(raise) { $0.takePools(event) }
  }
  func takeReserved(_ event: ReflectorEvent<UnstructuredObject>) { take(raise) { $0.takeReserved(event) } }
  func takeNode(_ event: ReflectorEvent<UnstructuredObject>) {
    take(raise) { $0.takeNode(event) }
    tellOfNode()
  }
  func takeBlocks(_ event: ReflectorEvent<UnstructuredObject>) {
    noteServer(event, view.blockFeed)
    take(raise) { $0.takeBlocks(event) }
    raiseBlocks.yield()
  }
  func takePods(_ event: ReflectorEvent<PodObject>) { take(raisePods) { $0.takePods(event) } }
  func takeNamespaces(_ event: ReflectorEvent<NamespaceObject>) {
    take(raisePods) { $0.takeNamespaces(event) }
  }

  func take(_ raise: AsyncStream<Void>.Continuation, _ body: (inout ClusterView) -> Void) {
    body(&view)
    tellOfOutages()
    raise.yield()
  }

  /// Logs what cannot be followed, and what can be again.
  func tellOfOutages() {
    for line in outages.note(failures + view.podFailures + view.networkFailures) {
      log.log(level: line.level, "\(line.text)")
    }
  }

  /// Keeps what was seen of the API server for the run after.
  func writeMark() {
    let mark = division.continuity.seen
    guard mark.version > 0, mark != writtenMark else { return }
    let problem = markFile.write(mark)
    if problem == nil { writtenMark = mark }
    if let problem, markFault != problem { log.error("\(problem)") }
    markFault = problem
  }

  /// Logs what kept files from being written, unless it is what did before.
  /// - Returns: what keeps them from it now.
  func told(_ fault: ObjectFault, before: String?) -> String {
    if before != fault.problem { log.error("\(fault.problem)") }
    return fault.problem
  }

  /// Brings the pool file in step with what is known, if that is all there is.
  func sync() {
    // What could not be removed.
    if followsPods == false, podFault != nil { forgetPods() }
    if view.isComplete {
      let resolution = divided(resolved)
      self.resolution = resolution
      decideAboutPods()
      do throws(ObjectFault) {
        let isNew = try file.write(
          PoolFile.Content(
            server: server, agent: options.version, resolution: resolution,
            reserved: Array(view.reserved.values), followsPods: followsPods,
            versions: [
              Resources.pools.plural: view.pools.version,
              Resources.reservedIPs.plural: view.reservations.version,
            ]))
        try writeNodeName()
        if isNew { fileRevision += 1 }
        given.write(resolution)
        formerPools.write(view.ledger)
        if isNew { log.info("wrote \(file.path)", metadata: ["pools": "\(resolution.entries.count)"]) }
        if fileFault != nil { log.info("\(file.path) can be written again") }
        fileFault = nil
        // What cannot be followed may have changed.
        if failures.isEmpty { lastSync = .now() }
        writtenLife = lives
        if let uid = nodeUID, fileOwner?.uid != uid { fileOwner = (uid, fileRevision) }
        noteFile(of: resolution)
      } catch {
        fileFault = told(error, before: fileFault)
      }
    } else {
      decideAboutPods()
    }
    wantsLook = true
    writeState()
  }

  /// What becomes of the cluster's pools here, before they are divided.
  var resolved: PoolResolution {
    PoolResolver(node: NodeIdentity(name: options.nodeName, labels: view.labels)).resolve(
      view.ledger.pools.values)
  }

  /// Whether the files have been looked at since the last look at the store; asking makes it so.
  func takeWish() -> Bool {
    defer { wantsLook = false }
    return wantsLook
  }

  /// Has all files looked at.
  func poke() {
    (podRevision, networkRevision) = (nil, nil)
    raise.yield()
    raisePods.yield()
    raiseNetworks.yield()
  }

  /// Whether files were left something to be done, or time has made something due.
  var needsSync: Bool {
    fileFault != nil || podFault != nil || networkFault != nil || podDirectory.hasOverdue()
  }

  /// Takes over what the leases say.
  /// - Parameter revision: how often the pool file had been written when they were read.
  func take(_ result: Result<StoreView, ObjectFault>, revision: Int) {
    switch result {
    case .success(let view):
      store = view
      storeFault = nil
      storeRevision = revision
      let keptSpare = division.keepsSpare
      replan()
      // What waiting pods did not come back for leaves the file.
      if keptSpare, !division.keepsSpare { poke() }
      noteFormerPools()
      acknowledge()
      confirm()
      raiseBlocks.yield()
      if decideAboutPods() { poke() }
    case .failure(let fault):
      if storeFault != fault.problem { log.error("\(fault.problem)") }
      storeFault = fault.problem
    }
  }

  /// Whether time alone changes something: addresses are in cooldown, blocks are kept for pods that waited, or the leases
  /// could not be read.
  var wantsAnotherLook: Bool {
    storeFault != nil || division.keepsSpare || store?.pools.contains { $0.cooling > 0 } ?? false
  }

  /// Takes note of what became of the report.
  func noteReport(_ error: KubernetesError?) {
    note("writing the report", error)
    guard error?.description != reportFault?.description else { return }
    reportFault = error
    writeState()
  }

  /// Logs what became of a request that is sent again until it succeeds.
  ///
  /// - Parameter what: what was to be done, as the subject of "works again".
  func note(
    _ what: String, _ error: KubernetesError?, consequence: String = "it is tried again until it succeeds"
  ) {
    guard let error else { return faults.noteSuccess(what, log) }
    // What keeps collections from being followed keeps all else too.
    guard error.kind != .cancelled, !outages.has(error.problem) else { return }
    faults.note(what, "\(error); \(consequence)", log)
  }

  /// Logs what is wrong whenever it is something else, and that it is over.
  func note(_ what: String, problem: String?) {
    if let problem { faults.note(what, problem, log) } else { faults.noteSuccess(what, log) }
  }

  /// Nobody tries it any more.
  func forget(_ what: String) { faults.forget(what) }
}
