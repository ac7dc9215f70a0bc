internal import Addressing

/// Which of a set of addresses a node may use, because no other node gives them: one step of ``OwnAddresses`` and of
/// ``PoolClearance``.
///
/// An address that is new waits until the reports of all nodes have been read. Before that the node's own report has said that
/// it is about to use the address, or by which form of a shared pool it may claim it: of two nodes that do so at the same time
/// one at least sees the other.
struct AddressClearance: Sendable {
  /// What may be used.
  private(set) var cleared: AddressSet
  /// What has to be asked about.
  private(set) var waiting = AddressSet()
  private(set) var obstacles: [NodeProgress.Obstacle] = []
  /// Grows when an address leaves. Answers to earlier questions are out of date then: somebody else may have got the address,
  /// although it is back.
  private(set) var epoch = 0

  init(cleared: AddressSet = AddressSet()) { self.cleared = cleared }

  /// Takes note of all that is to be used. An address that is not among it has to be asked about when it comes back.
  mutating func begin(_ target: AddressSet) {
    if !waiting.union(cleared).subtracting(target).isEmpty { epoch += 1 }
    guard target != cleared else {
      (waiting, obstacles) = (AddressSet(), [])
      return
    }
    cleared = cleared.intersection(target)
    waiting = target.subtracting(cleared)
    obstacles = obstacles.filter { $0.addresses.overlaps(waiting) }
  }

  /// These have to be asked about again before anything is decided by them.
  mutating func withdraw(_ addresses: AddressSet) {
    guard !addresses.isEmpty else { return }
    cleared = cleared.subtracting(addresses)
    epoch += 1
  }

  /// These may be used whatever others say.
  mutating func clear(_ addresses: AddressSet) { cleared = cleared.union(addresses) }

  /// The node's report is about to say, or may say, less than it did when questions were asked.
  mutating func forgetQuestions() { epoch += 1 }

  /// Takes over what the reports of the other nodes say, which were read after the question was asked.
  /// - Returns: whether more may be used now.
  mutating func answer(_ asked: AddressSet, epoch: Int, _ obstacles: [NodeProgress.Obstacle]) -> Bool {
    guard epoch == self.epoch else { return false }
    self.obstacles = obstacles
    let free = asked.intersection(waiting).subtracting(AddressSet(obstacles.flatMap(\.addresses.ranges)))
    cleared = cleared.union(free)
    waiting = waiting.subtracting(free)
    return !free.isEmpty
  }
}
