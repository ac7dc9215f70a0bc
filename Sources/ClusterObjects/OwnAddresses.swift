package import Addressing

/// Which addresses of the pools that are its own alone a node may give: those that no other node gives, and no pod of another
/// node holds.
///
/// An edit can take an address out of the pool of one node and put it into that of another. The node that had it gives it until
/// it has heard of the edit, and its agent may be away by then. So an address goes three steps before it is in a node's file for
/// the first time: the node's report says that it is about to give it; then the reports of all nodes are read; then it is given,
/// if no other one has it. Of two nodes that do so at the same time one at least sees the other. A node no longer says that it
/// gives an address when its leases were read after its file was without it: who got it until then is in them.
package struct OwnAddresses: Sendable {
  /// What is to be asked of all nodes' reports.
  package struct Question: Sendable {
    fileprivate let node: String
    fileprivate let addresses: AddressSet
    fileprivate let known: [String: PoolForm]
    fileprivate let epoch: Int
  }

  /// What keeps addresses from being given.
  private struct Obstacle: Sendable {
    let addresses: AddressSet
    let problem: String
  }

  private let node: String
  private var cleared: AddressSet
  /// What is the node's by its pools, and may not be given yet.
  private var waiting = AddressSet()
  /// What the node's report says, as the API server has it.
  private var published = AddressSet()
  private var asked = AddressSet()
  private var obstacles: [Obstacle] = []
  private var isOpen = false
  private var known: [String: PoolForm] = [:]
  /// What an answer to an earlier question says is out of date: an address that was asked about has left since, and somebody may
  /// have got it, although it is back.
  private var epoch = 0
  /// What is this node's by its blocks, which no other node can have.
  private var mine = AddressSet()

  /// - Parameter before: what the file of the run before gives.
  init(node: String, before: AddressSet) { (self.node, cleared) = (node, before) }

  /// Takes note of all addresses that are this node's alone, and of the form of each pool. What is among the addresses no
  /// more has to be asked for again.
  ///
  /// - Parameter mine: those that are this node's by its blocks. They may be given at once; the blocks are kept until all
  ///   nodes have been asked.
  mutating func begin(_ target: AddressSet, mine: AddressSet, known: [String: PoolForm]) {
    self.known = known
    self.mine = mine
    if isOpen { cleared = target }
    if !waiting.subtracting(target).isEmpty { epoch += 1 }
    guard target != cleared else {
      (waiting, asked, obstacles) = (AddressSet(), AddressSet(), [])
      return
    }
    cleared = cleared.intersection(target)
    waiting = target.subtracting(cleared)
    asked = asked.intersection(waiting)
    obstacles = obstacles.filter { $0.addresses.overlaps(waiting) }
  }

  /// The file of the run before counts as far as this node's report has it: what it had given, somebody may have been given
  /// since, if the report is gone.
  mutating func recall(_ reported: AddressSet) { cleared = cleared.intersection(reported) }

  /// Whether all is given, asked about or not.
  mutating func setOpen(_ isOpen: Bool) { self.isOpen = isOpen }

  /// A report is on its way to the API server.
  mutating func note(publishing addresses: AddressSet) {
    note(published: published.intersection(addresses))
  }

  /// The API server has taken this node's report.
  mutating func note(published addresses: AddressSet) {
    if !published.intersection(waiting).subtracting(addresses).isEmpty { epoch += 1 }
    published = addresses
  }

  /// What this node gives, or is about to give, whatever its file has by now: what its report has to say.
  package var wanted: AddressSet { AddressSet(cleared.ranges + waiting.ranges) }

  /// The part of these that may be given.
  func usable(_ addresses: AddressSet) -> AddressSet {
    addresses.overlaps(waiting) ? addresses.subtracting(waiting.subtracting(mine)) : addresses
  }

  /// Whether some of these wait.
  func isWaiting(_ addresses: AddressSet) -> Bool { addresses.overlaps(waiting) }

  /// Why some of these may not be given; `nil` when all may.
  package func obstacle(to addresses: AddressSet) -> String? {
    guard addresses.overlaps(waiting) else { return nil }
    if let obstacle = obstacles.first(where: { $0.addresses.overlaps(addresses) }) { return obstacle.problem }
    return waiting.subtracting(published).overlaps(addresses)
      ? "this node's report has not said yet that it is about to give them"
      : "the reports of the other nodes have not been read yet"
  }

  /// `nil` when nothing waits that this node has said it is about to give.
  var question: Question? {
    let addresses = waiting.intersection(published)
    return addresses.isEmpty ? nil : Question(node: node, addresses: addresses, known: known, epoch: epoch)
  }

  /// Whether something waits that has not been asked for yet; asking makes it so.
  mutating func takeNews() -> Bool {
    defer { asked = waiting }
    return !waiting.subtracting(asked).isEmpty
  }

  /// Takes over what the reports say that were read after the question was asked.
  /// - Returns: whether more may be given now.
  mutating func answer(_ question: Question, _ reports: [NodeStanding]) -> Bool {
    guard question.epoch == epoch else { return false }
    let addresses = question.addresses.intersection(waiting)
    obstacles = []
    for report in reports where report.node != node { note(addresses, report, question.known) }
    let free = addresses.subtracting(AddressSet(obstacles.flatMap(\.addresses.ranges)))
    cleared = AddressSet(cleared.ranges + free.ranges)
    waiting = waiting.subtracting(free)
    return !free.isEmpty
  }

  private mutating func note(_ addresses: AddressSet, _ report: NodeStanding, _ known: [String: PoolForm]) {
    let node = report.node
    let remedy =
      "does ipvlan-agent run there? If the node is gone for good: kubectl delete ipvlannode \(node)"
    for pool in report.pools {
      if let own = pool.own {
        note(
          addresses, own,
          "is still given by node \(node) (pool \(pool.name)): \(remedy)")
      } else if report.isFileOld || known[pool.name] != PoolForm(uid: pool.uid, generation: pool.generation) {
        // It may claim blocks by that form.
        note(
          addresses, AddressSet(pool.subnet.range.map { [$0] } ?? []),
          "may be claimed by node \(node), which has not reported yet that it has heard of the last edit of pool"
            + " \(pool.name): \(remedy)")
      }
    }
    if let held = report.held {
      note(
        addresses, held,
        "is held by a pod of node \(node), or rests there. It is given here after that: kubectl get ipvlannode \(node) -o yaml"
      )
    } else {
      note(
        addresses, AddressSet(report.pools.compactMap(\.subnet.range)),
        "may be held by a pod of node \(node), which has not said which addresses its pods hold: \(remedy)")
    }
  }

  private mutating func note(_ addresses: AddressSet, _ others: AddressSet, _ problem: String) {
    let common = addresses.intersection(others)
    guard let first = common.ranges.first else { return }
    obstacles.append(Obstacle(addresses: common, problem: "\(first) \(problem)"))
  }
}

extension CIDR? {
  fileprivate var range: IPRange? { flatMap { IPRange($0.firstAddress, $0.lastAddress) } }
}
