package import Addressing
package import KubernetesClient

/// What division learns of other nodes' reports, and of an API server that was away or restored.
extension BlockDivision {
  /// Whether addresses are to be claimed, or blocks given back.
  package func hasWork(at now: ContinuousClock.Instant) -> Bool {
    !claims.isEmpty || !overdue(at: now).isEmpty
  }

  /// What is to be asked of all nodes' reports before more can be claimed, or given.
  package struct Question: Sendable {
    package let pools: PoolClearance.Question?
    package let own: OwnAddresses.Question?
    /// The answer does not count when the API server was lost meanwhile, or when it is older than what had been seen.
    fileprivate let look: Continuity.Look
  }

  /// `nil` when nothing is to be asked.
  /// - Parameter claiming: whether blocks may be claimed at all.
  package func question(claiming: Bool) -> Question? {
    guard !continuity.isDoubtful else { return nil }
    let pools = claiming ? clearance.question : nil
    let own = own.question
    // After a restore each node looks who has reported, also if it needs nothing: who reports now may be gone when it does.
    guard pools != nil || own != nil || continuity.isUnsettled else { return nil }
    return Question(pools: pools, own: own, look: continuity.look())
  }

  /// The API server has taken a report of this node.
  package mutating func note(published report: PublishedReport) {
    published = report
    own.note(published: report.own)
    clearance.note(published: report.shared)
  }

  /// A report is on its way to the API server.
  package mutating func note(publishing report: PublishedReport) { note(published: published.common(report)) }

  /// The file of the run before counts as far as the report of the run before has it.
  package mutating func recall(_ reported: AddressSet) { own.recall(reported) }

  /// What the report of the run before says of a restored API server.
  package mutating func recall(_ report: NodeProgress) { continuity.recall(report) }

  /// Whether all of its own is given, asked about or not.
  package mutating func setOpen(_ isOpen: Bool) {
    own.setOpen(isOpen)
    clearance.setOpen(isOpen)
  }

  /// Whether addresses of its own wait that nobody has been asked about yet; from now on somebody has.
  package mutating func takeNews() -> Bool { own.takeNews() }

  /// What an answer has brought.
  package struct Outcome: Sendable, Hashable {
    /// More addresses of the node's own may be given now.
    package var hasMore = false
    /// The API server was restored, as another node has found: everything has to be listed again.
    package var tellsOfLoss = false
  }

  /// Takes over what the reports say, in a list that was asked for after the question.
  @discardableResult
  package mutating func answer(
    _ question: Question, _ reports: [NodeProgress], version: String, at now: ContinuousClock.Instant
  ) -> Outcome {
    var outcome = Outcome()
    guard !continuity.isDoubtful, !continuity.isOutdated(question.look) else { return outcome }
    guard !question.look.isAhead(of: version) else {
      doubt()
      return outcome
    }
    let others = reports.filter { $0.node != node }
    let problem = continuity.obstacle(in: others, isNew: &outcome.tellsOfLoss, at: now)
    if outcome.tellsOfLoss {
      doubt()
      return outcome
    }
    if let pools = question.pools { clearance.answer(pools, others, problem: problem) }
    outcome.hasMore = question.own.map { own.answer($0, others, problem: problem) } ?? false
    return outcome
  }

  /// Takes note of what the API server has told: a version, or this node's report.
  package mutating func note(version: String?, at now: ContinuousClock.Instant = .now) {
    continuity.note(version: version, at: now)
  }

  /// The UID of the Node, as the server has it.
  package mutating func note(nodeUID: String) { continuity.note(nodeUID: nodeUID) }

  /// As ``note(version:)``, of this node's report.
  /// - Returns: whether it is older than it was.
  @discardableResult
  package mutating func note(own report: ObjectMetadata, at now: ContinuousClock.Instant = .now) -> Bool {
    continuity.note(own: report, at: now)
  }

  /// Takes note of which other nodes have addresses.
  package mutating func note(holders: Set<String>) { continuity.note(holders: holders.subtracting([node])) }

  /// Takes note of all objects of a collection (``Continuity``).
  /// - Returns: whether one of them is older than it was.
  package mutating func note(
    _ collection: String, _ list: ResourceList<UnstructuredObject>, at now: ContinuousClock.Instant = .now
  ) -> Bool {
    guard continuity.note(collection, list, at: now) else { return false }
    forgetAnswers()
    return true
  }

  /// As ``note(_:_:at:)``, of an object that has changed since.
  package mutating func note(_ collection: String, changed object: ObjectMetadata) {
    continuity.note(collection, changed: object)
  }

  /// What is followed has broken off: until somebody has looked nothing is given or claimed that is new.
  package mutating func doubt() {
    continuity.doubt()
    forgetAnswers()
  }

  /// The API server was away.
  package mutating func interrupt(at now: ContinuousClock.Instant) {
    continuity.interrupt(at: now)
    forgetAnswers()
  }

  private mutating func forgetAnswers() {
    clearance.forget()
    claims = []
  }

  /// Ends a look at this node's report (``Continuity``).
  package mutating func take(
    _ list: ResourceList<UnstructuredObject>, after look: Continuity.Look, nodeUID: String?,
    at now: ContinuousClock.Instant
  ) -> Continuity.Finding {
    let finding = continuity.take(list, after: look, nodeUID: nodeUID, at: now)
    if finding != .outdated { forgetAnswers() }
    return finding
  }

  /// Takes note that files and leases are in step with all that there is.
  /// - Returns: whether the report has something new to say.
  package mutating func confirm() -> Bool { continuity.confirm() }
}
