internal import ClusterObjects
internal import KubernetesClient

/// Whether the API server still has all that this node has seen of it, and what becomes of it when it was restored to an older
/// state.
extension AgentCore {
  /// Takes note of what a collection tells of the server.
  /// - Parameter feed: the collection as it was before.
  func noteServer(_ event: ReflectorEvent<UnstructuredObject>, _ feed: Feed) {
    switch event {
    case .listed(let list): division.note(version: list.resourceVersion)
    case .changed(let object), .deleted(let object):
      division.note(version: object.metadata.resourceVersion)
    case .failed(let error, _) where error.isTransient:
      // One that went on failing while somebody looked tells of no other outage, but all of them do.
      guard feed.failure?.isTransient != true || (feeds.allSatisfy { $0.failure != nil } && look() == nil)
      else {
        return
      }
      division.doubt()
      raiseDoubts.yield()
    case .failed, .connected: break
    }
  }

  /// Takes note of the versions of pools: the controller writes them whenever pods of any node come or go.
  func notePools(_ event: ReflectorEvent<UnstructuredObject>) {
    switch event {
    case .listed(let list): noteListed(Resources.pools.plural, list)
    case .changed(let object): division.note(Resources.pools.plural, changed: object.metadata)
    case .deleted, .connected, .failed: break
    }
  }

  /// An older version of an object proves that the server was restored.
  func noteListed(_ collection: String, _ list: ResourceList<UnstructuredObject>) {
    guard division.note(collection, list) else { return }
    raiseDoubts.yield()
  }

  /// Remembers who has addresses, for a server that is restored to a state that does not know it.
  func noteHolders() {
    guard view.isComplete, writtenLife == lives else { return }
    division.note(holders: view.blocks.owners.union(view.ledger.holders))
    if division.continuity.seen.holders != writtenMark.holders { writeMark() }
  }

  /// The collections that tell whether the server is there.
  private var feeds: [Feed] { [view.pools, view.blockFeed, reportFeed] }

  /// The server was away.
  ///
  /// - Parameter moment: when it was lost.
  func interrupt(since moment: ContinuousClock.Instant) { division.interrupt(at: moment) }

  /// Takes note of this node's report as the server has it now: after a conflict it may be an older one.
  func noteCurrent(_ report: UnstructuredObject) {
    guard division.note(own: report.metadata) else { return }
    division.interrupt(at: .now)
    raiseDoubts.yield()
  }

  /// Whether a collection cannot be followed at the moment that could be.
  var isServerAway: Bool { feeds.contains { $0.failure?.isTransient ?? false } }
  /// Whether none can be followed.
  var isServerGone: Bool { feeds.allSatisfy { $0.failure?.isTransient ?? false } }

  /// Whether this node's report of the run before was read, and whether the server still has all that was seen then.
  var knowsRunBefore: Bool { wasReportRead && hasLooked }

  /// Whether nodes are waited for that have not looked yet since the server was away.
  var waitsForNodes: Bool { division.continuity.isPatient(at: .now) }

  /// Begins a look at this node's report; `nil` when nothing is in doubt.
  func look() -> Continuity.Look? { division.continuity.isDoubtful ? division.continuity.look() : nil }

  /// The server refuses to be asked. Then nobody can be asked about anything that is new either; but the report can say so.
  func noteLook(refused: Bool) { isLookRefused = refused }

  /// Ends it.
  func take(_ list: ResourceList<UnstructuredObject>, after look: Continuity.Look) {
    isLookRefused = false
    let finding = division.take(list, after: look, nodeUID: nodeUID, at: .now)
    // A report that is written before the one of the run before is known would hide what only that one tells.
    if !wasReportRead, finding != .outdated { recall(list.items.first) }
    // What waits is asked about soon.
    newsCount += 1
    switch finding {
    case .outdated: break
    case .whole:
      hasLooked = true
      confirm()
      // What came while it was in doubt did not count.
      noteHolders()
      writeMark()
    case .lost:
      hasLooked = true
      log.warning(
        "the API server was restored to an older state; nothing that is new to this node is given or claimed until the other nodes have reported anew"
      )
      listAnew()
      writeMark()
    }
  }

  /// Everything that is known may be of a state that the server does not have any more.
  func listAnew() {
    lives += 1
    view.forgetLists()
    forgetReport()
    lossListeners.removeAll { if case .terminated = $0.yield() { true } else { false } }
  }

  /// Tells whenever everything has to be listed anew.
  func losses() -> AsyncStream<Void> {
    let (losses, raise) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    lossListeners.append(raise)
    return losses
  }

  /// The files are in step with all that there is, and the leases were read after they were written.
  func confirm() {
    guard view.isComplete, writtenLife == lives, storeRevision == fileRevision, fileFault == nil,
      storeFault == nil
    else { return }
    if let nodeUID { division.note(nodeUID: nodeUID) }
    _ = division.confirm()
  }
}
