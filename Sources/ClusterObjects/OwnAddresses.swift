package import Addressing

/// Which addresses of the pools that are its own alone a node may give: those that no other node gives, and no pod of another
/// node holds.
///
/// An edit can take an address out of the pool of one node and put it into that of another. The node that had it gives it until
/// it has heard of the edit, and its agent may be away by then. So an address goes three steps before it is in a node's file for
/// the first time: the node's report says that it is about to give it; then the reports of all nodes are read; then it is given,
/// if no other one has it. A node no longer says that it gives an address when its leases were read after its file was without
/// it: who got it until then is in them.
///
/// Where an address is in a pool too that several nodes share, one of them may not have heard yet that it is this node's, and
/// claim it. The blocks decide between them: such an address is contested, and given by a block of this node.
package struct OwnAddresses: Sendable {
  /// What is to be asked of all nodes' reports.
  package struct Question: Sendable {
    fileprivate let addresses: AddressSet
    fileprivate let known: [String: KnownPool]
    fileprivate let epoch: Int
  }

  private var clearance: AddressClearance
  private var contested = AddressSet()
  /// What the node's report says, as the API server has it.
  private var published = AddressSet()
  private var asked = AddressSet()
  private var isOpen = false
  private var known: [String: KnownPool] = [:]
  /// What may be given by blocks.
  private var mine = AddressSet()

  /// - Parameter before: what the file of the run before gives.
  init(before: AddressSet) { clearance = AddressClearance(cleared: before) }

  /// Takes note of all addresses that are this node's alone, and of the form of each pool. What is among the addresses no
  /// more has to be asked for again.
  ///
  /// - Parameters:
  ///   - contested: those of them that pools have too that several nodes share.
  ///   - mine: those that are this node's by its blocks.
  ///   - used: what this node gave until now, or its pods hold. Those in blocks may be given at once; the blocks are
  ///     kept until all nodes have been asked. A claim can arrive late: addresses that came by it have to be asked about.
  mutating func begin(
    _ target: AddressSet, contested: AddressSet, mine: AddressSet, used: AddressSet,
    known: [String: KnownPool]
  ) {
    self.known = known
    guard !isOpen else {
      clearance.clear(target)
      clearance.begin(target)
      (self.contested, asked) = (AddressSet(), AddressSet())
      return
    }
    // Until the last node has heard that the shared pool is without it.
    clearance.withdraw(self.contested.subtracting(contested))
    self.contested = contested
    clearance.begin(target)
    self.mine = mine.intersection(used.union(clearance.cleared))
    asked = asked.intersection(clearance.waiting)
  }

  /// The file of the run before counts as far as this node's report has it: what it had given, somebody may have been given
  /// since, if the report is gone.
  mutating func recall(_ reported: AddressSet) {
    clearance.withdraw(clearance.cleared.subtracting(reported))
  }

  /// These have to be asked about again.
  mutating func withdraw(_ addresses: AddressSet) {
    clearance.withdraw(addresses.intersection(clearance.cleared))
  }

  /// Whether all is given, asked about or not.
  mutating func setOpen(_ isOpen: Bool) { self.isOpen = isOpen }

  /// The API server has taken this node's report, or perhaps another one that says as much.
  mutating func note(published addresses: AddressSet) {
    if !published.intersection(clearance.waiting).subtracting(addresses).isEmpty {
      clearance.forgetQuestions()
    }
    published = addresses
  }

  /// What this node gives, or is about to give, whatever its file has by now. Its report has to say it.
  package var wanted: AddressSet { clearance.cleared.union(clearance.waiting) }

  /// What has to be claimed before it is given.
  var unclaimed: AddressSet { contested.intersection(clearance.cleared).subtracting(mine) }

  /// The part of these that may be given.
  func usable(_ addresses: AddressSet) -> AddressSet {
    guard needs(addresses) else { return addresses }
    return addresses.subtracting(clearance.waiting.union(contested).subtracting(mine))
  }

  /// What waits, or is given by blocks.
  var needed: AddressSet { clearance.waiting.union(contested) }

  /// Whether some of these wait, or are given by blocks.
  func needs(_ addresses: AddressSet) -> Bool {
    addresses.overlaps(clearance.waiting) || addresses.overlaps(contested)
  }

  /// Why some of these may not be given; `nil` when all may.
  package func obstacle(to addresses: AddressSet) -> String? {
    let waiting = clearance.waiting
    guard addresses.overlaps(waiting) else {
      return unclaimed.intersection(addresses).ranges.first.map {
        "\($0) is in a pool too that several nodes share, and this node has no block of it yet"
      }
    }
    if let obstacle = clearance.obstacles.first(where: { $0.addresses.overlaps(addresses) }) {
      return obstacle.problem
    }
    return waiting.subtracting(published).overlaps(addresses)
      ? "this node's report has not said yet that it is about to give them"
      : "the reports of the other nodes have not been read yet"
  }

  /// `nil` when nothing waits that this node has said it is about to give.
  var question: Question? {
    let addresses = clearance.waiting.intersection(published)
    return addresses.isEmpty
      ? nil : Question(addresses: addresses, known: known, epoch: clearance.epoch)
  }

  /// Whether something waits that has not been asked for yet; asking makes it so.
  mutating func takeNews() -> Bool {
    defer { asked = clearance.waiting }
    return !clearance.waiting.subtracting(asked).isEmpty
  }

  /// Takes over what the reports of the other nodes say that were read after the question was asked.
  /// - Parameter problem: why they cannot be relied on.
  /// - Returns: whether more may be given now.
  mutating func answer(_ question: Question, _ others: [NodeProgress], problem: String?) -> Bool {
    let obstacles =
      problem.map { [NodeProgress.Obstacle(addresses: question.addresses, problem: $0)] }
      ?? others.flatMap {
        $0.givers(of: question.addresses, question.known) + $0.holders(of: question.addresses)
      }
    return clearance.answer(question.addresses, epoch: question.epoch, obstacles)
  }
}
