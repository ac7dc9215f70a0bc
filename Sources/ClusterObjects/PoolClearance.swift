internal import Addressing

/// Which addresses of shared pools a node may claim, and give by its blocks: those that no node gives as its own.
///
/// Between nodes that share a pool the blocks decide. A pool that is one node's alone has none. When an edit makes it a shared one,
/// or moves an address from it to a shared one, that node's pods hold addresses without a block, and it gives more until it has
/// heard of the edit. So others wait for its report, which says what the node gives as its own, and what its pods hold.
package struct PoolClearance: Sendable {
  /// What is asked of all reports: the addresses in question, and what was known of pools when it was asked.
  package struct Question: Sendable {
    fileprivate struct Pool: Sendable {
      let name: String
      let form: PoolForm
      let addresses: AddressSet
      let epoch: Int
    }

    fileprivate let pools: [Pool]
    fileprivate let known: [String: KnownPool]
  }

  private struct Standing: Sendable {
    var form: PoolForm
    var clearance: AddressClearance
    /// What other nodes have blocks of.
    var foreign = AddressSet()
    /// More is needed than may be claimed.
    var isAsking = false
    /// What may be claimed counts no more.
    var isForgotten = false
  }

  private var standings: [String: Standing] = [:]
  private var known: [String: KnownPool] = [:]
  /// The forms by which this node gives addresses of pools that it shares, as its report says.
  private var published: Set<PoolForm> = []
  private var isOpen = false

  /// Takes note of all pools of the cluster.
  mutating func begin(_ known: [String: KnownPool]) {
    self.known = known
    standings = standings.filter { known[$0.key] != nil }
    for name in standings.keys { standings[name]?.isAsking = false }
  }

  /// Whether reports cannot say what pods hold.
  mutating func setOpen(_ isOpen: Bool) { self.isOpen = isOpen }

  /// The addresses of a pool that may be claimed, and given by blocks.
  ///
  /// - Parameters:
  ///   - addresses: what the pool has, without what older pools have of it.
  ///   - mine: what is this node's by blocks of the pool, and was given until now. An edit leaves it that: others saw the blocks.
  ///   - held: what is this node's by blocks of the pool, and its pods hold.
  ///   - foreign: what other nodes have blocks of.
  ///   - before: what the file of the run before gives.
  mutating func cleared(
    _ pool: ObjectIdentity, _ addresses: AddressSet, mine: AddressSet, held: AddressSet, foreign: AddressSet,
    before: AddressSet?
  ) -> AddressSet {
    let form = PoolForm(pool)
    let former = standings[pool.name]
    var standing =
      former ?? Standing(form: form, clearance: AddressClearance(cleared: before ?? AddressSet()))
    if former?.form != form || standing.isForgotten {
      (standing.form, standing.isForgotten) = (form, false)
      standing.clearance.withdraw(standing.clearance.cleared.subtracting(mine))
      standing.clearance.forgetQuestions()
    }
    standing.clearance.clear(held)
    standing.clearance.begin(addresses)
    standing.foreign = foreign
    standings[pool.name] = standing
    return standing.clearance.cleared
  }

  /// What other nodes have of a pool, as their reports said last.
  func taken(of pool: ObjectIdentity) -> AddressSet {
    AddressSet(
      union: standings[pool.name]?.clearance.obstacles.filter(\.isTaken).map(\.addresses) ?? [])
  }

  /// More is needed of a pool than may be claimed.
  mutating func ask(_ pool: ObjectIdentity) { standings[pool.name]?.isAsking = true }

  /// A report is on its way to the API server, or has arrived.
  mutating func note(published: Set<PoolForm>) {
    for (name, standing) in standings
    where self.published.contains(standing.form) && !published.contains(standing.form) {
      standings[name]?.clearance.forgetQuestions()
    }
    self.published = published
  }

  /// `nil` when nothing is needed, or this node's report does not have the present forms yet.
  var question: Question? {
    let pools = standings.filter { $0.value.isAsking && published.contains($0.value.form) }
      .map { name, standing in
        Question.Pool(
          name: name, form: standing.form,
          addresses: standing.clearance.waiting.subtracting(standing.foreign),
          epoch: standing.clearance.epoch)
      }.filter { !$0.addresses.isEmpty }
    return pools.isEmpty ? nil : Question(pools: pools, known: known)
  }

  /// What was heard may be of another state of the API server: what this node has no block of has to be asked about again.
  mutating func forget() { for name in standings.keys { standings[name]?.isForgotten = true } }

  /// Takes over the reports of the other nodes, which were read after the question was asked.
  /// - Parameter problem: why they cannot be relied on.
  mutating func answer(_ question: Question, _ others: [NodeProgress], problem: String?) {
    for pool in question.pools where standings[pool.name]?.form == pool.form {
      let obstacles =
        problem.map { [NodeProgress.Obstacle(addresses: pool.addresses, problem: $0)] }
        ?? others.flatMap {
          $0.givers(of: pool.addresses, question.known) + (isOpen ? [] : $0.holders(of: pool.addresses))
        }
      _ = standings[pool.name]?.clearance.answer(pool.addresses, epoch: pool.epoch, obstacles)
    }
  }

  /// What each pool waits for that needs more, by its name.
  package var obstacles: [String: String] {
    standings.filter(\.value.isAsking).compactMapValues { $0.clearance.obstacles.first?.problem }
  }
}
