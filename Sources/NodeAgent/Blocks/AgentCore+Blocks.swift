internal import Addressing
internal import ClusterObjects
internal import IPAM
internal import KubernetesClient

/// What the agent does about pools that several nodes share.
extension AgentCore {
  /// Who this node is, as long as its Node is known.
  private var owner: Block.Owner? { nodeUID.map { Block.Owner(node: options.nodeName, uid: $0) } }

  /// Cuts out of each pool what this node may give.
  func divided(_ resolution: PoolResolution) -> PoolResolution {
    // Two machines of one name cannot tell others what they give: each keeps its own files up.
    division.setOpen(rival != nil || hasOldDefinition)
    return division.divide(
      resolution, view.blocks, owner: owner, busy: storeFault == nil ? store?.busy : nil,
      pools: view.ledger.pools.values, at: .now)
  }

  /// Has it looked at what the leases say now: what is to be claimed, and whether other nodes could claim what pods hold. The
  /// file follows with the next change.
  func replan() {
    guard view.isComplete, let resolution,
      storeRevision != acknowledgedRevision || !(division.unprotected?.isEmpty ?? false)
        || resolution.entries.contains(where: { $0.object.pool.isShared })
    else { return }
    _ = divided(resolved)
  }

  /// The file has been written.
  func noteFile(of resolution: PoolResolution) {
    division.noteFile(of: resolution, at: .now)
    noteHolders()
    raiseBlocks.yield()
  }

  /// Takes over for which pools pods wait.
  func want(_ pools: [String]) {
    guard !pools.isEmpty else { return }
    division.want(pools, at: .now)
    poke()
  }

  /// Nothing is claimed or given back while another machine does the same, or while the file is older than what is known.
  private var mayChangeBlocks: Bool { view.isComplete && rival == nil && fileFault == nil }

  /// The claims to be sent now.
  func takeClaims() -> [UnstructuredObject] {
    guard mayChangeBlocks, view.blockFeed.failure == nil, let owner else { return [] }
    return division.takeClaims(of: owner, at: .now)
  }

  /// A claim came to nothing: somebody else has it, or the server could not be asked.
  func noteClaim(_ name: String, failed error: KubernetesError) {
    let wait = error.kind == .alreadyExists ? nil : max(.seconds(1), error.retryAfter ?? .zero)
    division.noteClaim(name, failed: wait, at: .now)
    poke()
  }

  /// Takes note of whether this node may write blocks at all. What ends by itself says nothing about that.
  func noteBlocks(_ error: KubernetesError?) {
    guard !(error?.isTransient ?? false) else { return }
    blockFault = error?.kind == .forbidden ? error : nil
  }

  /// What keeps blocks that are needed from being claimed, or others from being given back.
  var blockProblem: String? {
    guard let blockFault, division.hasWork(at: .now) else { return nil }
    return "\(blockFault)"
  }

  /// What is to be asked of all nodes' reports before more can be claimed, or given.
  var question: BlockDivision.Question? {
    view.isComplete ? division.question(claiming: mayChangeBlocks && owner != nil) : nil
  }

  /// What the next file of pools brings.
  struct Outlook {
    /// Addresses that nobody has been asked about.
    var hasNews = false
    /// The file that is there gives addresses that the next one will not have.
    var takesAway = false
  }

  /// Looks ahead; whoever does so asks about the news.
  func outlook() -> Outlook {
    guard view.isComplete, wasReportRead else { return Outlook() }
    let next = divided(resolved)
    guard division.takeNews() else { return Outlook() }
    newsCount += 1
    // The report has to name the pools that are to come.
    resolution = next
    return Outlook(hasNews: true, takesAway: !given.own.subtracting(division.own.wanted).isEmpty)
  }

  /// Takes over what they say.
  /// - Returns: whether files may follow.
  func answer(_ question: BlockDivision.Question, _ reports: ResourceList<UnstructuredObject>) -> Bool {
    let before = division.clearance.obstacles
    noteListed(Resources.reports.plural, reports)
    let outcome = division.answer(
      question, reports.items.map(NodeProgress.init), version: reports.resourceVersion, at: .now)
    if outcome.tellsOfLoss {
      log.warning("another node reports that the API server was restored to an older state")
      listAnew()
    }
    let seen = division.continuity.seen
    if (seen.lostState, seen.settled) != (writtenMark.lostState, writtenMark.settled)
      || seen.holders != writtenMark.holders
    {
      writeMark()
    }
    if division.continuity.isDoubtful { raiseDoubts.yield() }
    for (pool, obstacle) in division.clearance.obstacles where before[pool] != obstacle {
      log.info("nothing more is claimed of pool \(pool) yet: \(obstacle)")
    }
    return outcome.hasMore || question.pools != nil
  }

  /// Why not all of a pool of its own is given.
  func obstacle(to entry: PoolResolution.Entry) -> String? {
    guard !entry.object.pool.isShared else { return nil }
    return division.obstacle(to: entry, view.blocks, owner).map { "not all of it is given: \($0)" }
  }

  /// Takes note of which forms of pools the file has, once the lease store was read after it was written: whoever had an
  /// address by an earlier form is in it then. Not as long as such an address has no block.
  func acknowledge() {
    guard resolution != nil, storeRevision == fileRevision, fileFault == nil, storeFault == nil,
      division.unprotected?.isEmpty ?? false
    else { return }
    acknowledgedRevision = storeRevision
    given.acknowledge()
  }

  /// The blocks that may be given back, unless the lease store says otherwise.
  var overdueBlocks: [Block] { mayChangeBlocks ? division.overdue(at: .now) : [] }
}
