package import KubernetesClient

/// Whether the API server still has all that this node has seen of it.
///
/// A server that was restored from a backup answers an older state, in which reports and blocks say less than nodes have given
/// since. It looks like any other server: a watch that goes on from a newer version is silent, and what was claimed after the
/// backup is free. So a node that has lost the server, or has just started, is in doubt until it has looked at two things that
/// cannot be older than it knows them: the version of the collection of reports, and its own report. Every write goes through one
/// etcd, so that a version below one that was seen proves the loss, and so does an older report.
///
/// After a loss only the reports of nodes count that have looked since. What a node has found it tells the others by its
/// report. All times are of the server's clock, which no other clock is compared with.
package struct Continuity: Sendable {
  /// What was known when a look began. What comes meanwhile may be newer than the answer.
  package struct Look: Sendable {
    fileprivate let mark: Mark
    /// What was told since the node is in doubt.
    fileprivate let unverified: UInt64
    fileprivate let interruptions: Int

    /// Whether more had been seen than a list has of this version.
    func isAhead(of version: String) -> Bool { UInt64(version).map { $0 < mark.version } ?? false }
  }

  /// What a look has shown.
  package enum Finding: Sendable, Hashable {
    /// The server has all that was seen of it.
    case whole
    /// It was restored to an older state. Everything has to be listed again.
    case lost
    /// It was lost once more meanwhile: the look has to be taken again.
    case outdated
  }

  private var mark: Mark
  private var versions = ObjectVersions()
  /// One of them is older than it was.
  private var hasOlderObject = false
  /// When the server gave the greatest version.
  private var grown: ContinuousClock.Instant?
  /// The greatest version since the node is in doubt, and when: it may be one that a restored server has given.
  private var unverified: (version: UInt64, at: ContinuousClock.Instant)?
  /// A moment by both clocks.
  private var looked: (time: Timestamp, instant: ContinuousClock.Instant)?
  /// Nothing that is new to this node may be given or claimed, and nobody is asked: the answer may be of an older state.
  package private(set) var isDoubtful = true
  /// Grows when the server is lost.
  package private(set) var interruptions = 0
  /// Since when the node has seen all that there is, and gives nothing else; in its report.
  package private(set) var followedSince: Timestamp?
  /// ``followedSince`` as soon as the files are in step.
  private var pending: Timestamp?
  /// When the server was lost; `nil` at the start, and where it was there again at once.
  private var since: ContinuousClock.Instant?
  /// When the server was away. Until `patience` is over nodes are waited for that have not looked since.
  private var outage: Timestamp?
  private var patience: ContinuousClock.Instant?
  /// How long the other nodes take to find the server, and to look, after it was lost.
  private let grace: Duration

  /// - Parameter mark: what the run before has seen.
  package init(mark: Mark = Mark(), grace: Duration) { (self.mark, self.grace) = (mark, grace) }

  /// What was seen, for the run after.
  package var seen: Mark {
    var mark = mark
    if let grown { mark.time = time(at: grown) ?? mark.time }
    return mark
  }

  /// A moment by the server's clock.
  private func time(at moment: ContinuousClock.Instant) -> Timestamp? {
    looked.map { Timestamp(seconds: $0.time.seconds + Int((moment - $0.instant).components.seconds)) }
  }

  /// The server was restored to an older state before this moment; in the node's report.
  package var lostState: Timestamp? { mark.lostState }

  /// Whether not all nodes are known to have looked since the last restore.
  package var isUnsettled: Bool { mark.lostState != mark.settled }

  /// Whether the server was away: then a report waits, since it would hide that the server has not the one before.
  package var isAway: Bool { isDoubtful && since != nil }

  /// Takes note of which other nodes have addresses, by what the server has. After a loss that says less than was known.
  package mutating func note(holders: Set<String>) {
    guard !isDoubtful, !isUnsettled else { return }
    mark.holders = holders.sorted()
  }

  /// Takes note of all objects of a collection.
  /// - Returns: whether one of them is older than it was: then the server was restored.
  package mutating func note(
    _ collection: String, _ list: ResourceList<UnstructuredObject>, at now: ContinuousClock.Instant = .now
  ) -> Bool {
    guard versions.note(collection, list) else { return false }
    hasOlderObject = true
    interrupt(at: now)
    return true
  }

  /// As ``note(_:_:at:)``, of an object that has changed since.
  package mutating func note(_ collection: String, changed object: ObjectMetadata) {
    versions.note(collection, changed: object)
  }

  /// What is followed has broken off. The server may have been there all the time.
  package mutating func doubt() {
    interruptions += 1
    isDoubtful = true
  }

  /// The server was away: the other nodes have lost it too.
  package mutating func interrupt(at now: ContinuousClock.Instant) {
    doubt()
    if since == nil { since = now }
  }

  /// Takes note of a version that the server has told.
  package mutating func note(version: String?, at now: ContinuousClock.Instant = .now) {
    guard let version = version.flatMap(UInt64.init), version > mark.version else { return }
    // What was seen before the doubt is what the server is measured by.
    guard isDoubtful else { return (mark.version, grown) = (version, now) }
    if version > unverified?.version ?? 0 { unverified = (version, now) }
  }

  /// The Node is known to the server that was looked at.
  package mutating func note(nodeUID: String) { if !isDoubtful { mark.nodeUID = nodeUID } }

  /// Takes note of this node's report as the server has it.
  /// - Returns: whether it is older than it was.
  package mutating func note(own report: ObjectMetadata, at now: ContinuousClock.Instant = .now) -> Bool {
    note(version: report.resourceVersion, at: now)
    let version = report.version ?? 0
    guard report.uid != mark.reportUID || version >= mark.reportVersion else { return true }
    (mark.reportUID, mark.reportVersion) = (report.uid ?? "", version)
    return false
  }

  /// Begins a look: then the reports of this node are listed.
  package func look() -> Look {
    Look(mark: mark, unverified: unverified?.version ?? 0, interruptions: interruptions)
  }

  /// Whether the server was lost since the look began.
  func isOutdated(_ look: Look) -> Bool { look.interruptions != interruptions }

  /// Ends a look.
  ///
  /// - Parameters:
  ///   - list: this node's report, or none, in a list that was asked for after the look began.
  ///   - nodeUID: the UID of the Node; `nil` where it is not known.
  package mutating func take(
    _ list: ResourceList<UnstructuredObject>, after look: Look, nodeUID: String?,
    at now: ContinuousClock.Instant
  ) -> Finding {
    guard !isOutdated(look) else { return .outdated }
    let (report, before) = (list.items.first?.metadata, look.mark)
    let loss =
      before.loss(in: list, unverified: look.unverified, nodeUID: nodeUID) ?? (hasOlderObject ? .older : nil)
    hasOlderObject = false
    if let time = list.serverTime { looked = (time, now) }
    outage = since.flatMap { time(at: $0) }.map { Timestamp(seconds: $0.seconds - 2) }
    if let loss {
      // The version is newer than the backup, and was seen before the restore. Where versions leap it may be older than the
      // backup.
      let seen = grown.flatMap { time(at: $0) } ?? before.time
      let moment = loss == .leap ? outage ?? seen : seen
      let latest = [mark.lostState, moment].compactMap(\.self).max()
      // Its clock may be behind what it was.
      mark.lostState = [latest, list.serverTime].compactMap(\.self).min()
      mark.settled = nil
      versions = ObjectVersions()
      mark.heard = list.serverTime
      followedSince = nil
    }
    pending = list.serverTime
    patience = loss != nil || since != nil ? now + grace : nil
    // The run before may have ended meanwhile.
    if loss == nil, let heard = mark.heard, let time = list.serverTime {
      patience = max(patience ?? now, now + grace - .seconds(max(0, time.seconds - heard.seconds)))
    }
    // Also of another cluster.
    if loss != nil || !before.isOf(report, nodeUID: nodeUID) {
      (mark.version, mark.reportUID, mark.reportVersion) = (0, "", 0)
      if loss == nil, before.version > 0 { (mark.lostState, mark.settled, mark.holders) = (nil, nil, nil) }
      unverified = nil
    }
    (isDoubtful, since) = (false, nil)
    if let unverified { note(version: "\(unverified.version)", at: unverified.at) }
    unverified = nil
    note(version: list.resourceVersion, at: now)
    if let report { _ = note(own: report, at: now) }
    mark.nodeUID = nodeUID ?? mark.nodeUID
    return loss == nil ? .whole : .lost
  }

  /// The node's files are in step with all that there is, and its leases were read then.
  /// - Returns: whether the report has something new to say.
  package mutating func confirm() -> Bool {
    guard let pending, !isDoubtful else { return false }
    (followedSince, self.pending) = (pending, nil)
    return true
  }

  /// What is to be waited for before the reports of all nodes can be relied on.
  ///
  /// - Parameters:
  ///   - others: the reports of the other nodes.
  ///   - isNew: whether they tell of a loss that this node did not know of: everything has to be listed again.
  /// - Returns: `nil` when they can.
  package mutating func obstacle(
    in others: [NodeProgress], isNew: inout Bool, at now: ContinuousClock.Instant
  ) -> String? {
    if let told = others.compactMap(\.lostState).max(), told > lostState ?? Timestamp(seconds: .min) {
      (mark.lostState, mark.heard) = (told, told)
      // Who has looked since has listed everything since.
      isNew = [followedSince, pending].compactMap(\.self).max().map { $0 < told } ?? true
      let passed = time(at: now).map { max(0, $0.seconds - told.seconds) } ?? 0
      patience = max(patience ?? now, now + grace - .seconds(passed))
    }
    let isPatient = isPatient(at: now)
    if let lostState, isUnsettled {
      // From now on its report tells whether it has looked, and who deletes that says that the node is gone.
      let reporting = Set(others.map(\.node))
      mark.holders?.removeAll(where: reporting.contains)
      if isPatient { return "the API server was restored to an older state: the other nodes are waited for" }
      if let other = others.first(where: { !$0.isGone && !$0.hasLooked(since: lostState) }) {
        return
          "the API server was restored to an older state, and node \(other.node) has not reported since: \(other.remedy)"
      }
      if let node = mark.holders?.first {
        return
          "the API server was restored to an older state, which does not know node \(node), whose pods had addresses: \(NodeProgress.remedy(forMissing: node))"
      }
      mark.settled = lostState
    }
    guard isPatient, let outage, let other = others.first(where: { !$0.hasLooked(since: outage) }) else {
      return nil
    }
    return "the API server was away, and node \(other.node) has not reported since"
  }

  /// Whether nodes are waited for that may not have looked yet since the server was away.
  package func isPatient(at now: ContinuousClock.Instant) -> Bool { patience.map { now < $0 } ?? false }

  /// The part of this that a report has.
  package mutating func recall(_ report: NodeProgress) {
    mark.lostState = [mark.lostState, report.lostState].compactMap(\.self).max()
  }
}

extension NodeProgress {
  fileprivate func hasLooked(since moment: Timestamp) -> Bool { followedSince.map { $0 >= moment } ?? false }
}
