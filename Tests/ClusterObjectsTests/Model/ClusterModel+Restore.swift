import ClusterObjects
import KubernetesClient

/// A server that is restored from backups, and agents that look whether it was.
extension ClusterModel {
  /// The agent asks whether the server has all that it has seen of it.
  mutating func look(_ index: Int) {
    guard !nodes[index].isDead, !nodes[index].isCut, nodes[index].division.continuity.isDoubtful,
      nodes[index].looks.count < 3
    else { return }
    nodes[index].looks.append(
      (nodes[index].division.continuity.look(), server.list(reportOf: nodes[index].name)))
  }

  /// The answer comes.
  mutating func endLook(_ index: Int) {
    guard !nodes[index].isDead, !nodes[index].looks.isEmpty else { return }
    let (look, list) = nodes[index].looks.removeFirst()
    guard nodes[index].division.continuity.isDoubtful else { return }
    let finding = nodes[index].division.take(list, after: look, nodeUID: nodes[index].uid, at: now)
    if finding == .lost { nodes[index].forgetLists() }
    if finding != .outdated { nodes[index].mark = nodes[index].division.continuity.seen }
  }

  /// The agent remembers which other nodes have addresses: by their blocks, and by the status of pools.
  mutating func noteHolders(_ index: Int) throws {
    guard nodes[index].writtenLife == nodes[index].lives else { return }
    let pools = try nodes[index].objects().map(\.pool)
    let named = nodes.filter { node in
      pools.contains {
        $0.nodeNames.contains(node.name) && $0.addresses.overlaps(node.busy.union(node.gives))
      }
    }
    nodes[index].division.note(holders: nodes[index].map.owners.union(named.map(\.name)))
    nodes[index].mark = nodes[index].division.continuity.seen
  }

  /// A backup is taken, or the server is restored from the last one.
  ///
  /// Nodes are left out that have seen nothing since the backup, and those that have joined since and have addresses of which
  /// others have not heard: they go by what others report.
  mutating func restoreNowAndThen() throws {
    if server.stride == 1, let index = nodes.indices.randomElement(using: &random) {
      // Some come back late, and meanwhile others want what they had.
      if chance(2) { nodes[index].isCut = false }
      if chance(40) {
        deliver(index)
        try hurry(index)
      }
    }
    let isSettled = nodes.allSatisfy { $0.isDead || !$0.division.continuity.isDoubtful && $0.isListed }
    if server.stride == 1, isSettled { server.stride = 1000 }
    guard chance(6), server.stride > 1 else { return }
    func lacks(_ node: ModelNode, _ state: ModelServer) -> Bool {
      !node.isDead && state.reports[node.name] == nil
    }
    let isEarly = backup.map { state in nodes.contains { lacks($0, state) } } ?? false
    guard let backup, chance(isEarly ? 90 : 50) else {
      if !nodes.contains(where: { lacks($0, server) }) || chance(30) { self.backup = server }
      return
    }
    let version = UInt64(backup.version)
    guard nodes.allSatisfy({ $0.isDead || $0.division.continuity.seen.version > version }) else {
      return
    }
    let forgotten = nodes.filter { lacks($0, backup) && !($0.gives.isEmpty && $0.held.isEmpty) }.map(\.name)
    // Those that have joined since are to have had something by then.
    guard !isEarly || !forgotten.isEmpty else { return }
    func isUnknown(_ node: ModelNode) -> Bool { !node.isDead && !forgotten.allSatisfy { node.knows($0) } }
    for index in nodes.indices where isUnknown(nodes[index]) {
      deliver(index, all: true)
      try synchronize(index)
    }
    guard !nodes.contains(where: isUnknown) else { return }
    forgottenNodes += forgotten.count
    server.restore(backup, leaping: chance(20))
    for index in nodes.indices where !nodes[index].isDead {
      nodes[index].sent = []
      nodes[index].division.interrupt(at: now)
      // Agents may be away, for longer than others wait for them. Of those that are not some are quick.
      nodes[index].isCut = chance(40)
      if chance(50) { look(index) }
    }
  }
}
