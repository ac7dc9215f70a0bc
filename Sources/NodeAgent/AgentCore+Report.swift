internal import Addressing
internal import ClusterObjects
internal import KubernetesClient

/// What the agent reports, and of what it warns.
extension AgentCore {
  /// The report, once there is something to report.
  func report() -> (report: NodeReport, lastSync: Timestamp?)? {
    guard store != nil || storeFault != nil, wasReportRead || ContinuousClock.now - started > .seconds(5)
    else {
      return nil
    }
    var report = NodeReport(machineID: machine.machineID, bootID: machine.bootID, version: options.version)
    report.conditions = [poolsInSync, storeReadable, agentUnique]
    report.pools = pools
    report.records = store?.records.sorted { $0.address < $1.address }
    report.busy = store?.busy
    return (report, lastSync)
  }

  private var poolsInSync: NodeReport.Condition {
    let problem: (String, String)? =
      if let failure = view.failures.first {
        ("NotFollowed", failure.failure.problem)
      } else if !view.isComplete {
        ("NotRead", "not all collections have been read yet")
      } else if let fileFault {
        ("NotWritten", fileFault)
      } else if followsPods == true, let failure = view.podFailures.first {
        ("PodsNotFollowed", failure.failure.problem)
      } else if followsPods == true, let feed = view.podFeeds.first(where: { !$0.feed.isComplete }) {
        ("PodsNotRead", "\(feed.collection) have not been read yet")
      } else if let podFault {
        ("PodsNotWritten", podFault)
      } else if let failure = view.networkFailures.first {
        ("NetworksNotFollowed", failure.failure.problem)
      } else if options.networks, !view.networkMirror.feed.isComplete {
        ("NetworksNotRead", "\(Resources.definitions.qualifiedName) have not been read yet")
      } else if let networkFault {
        ("NetworksNotWritten", networkFault)
      } else {
        nil
      }
    return .init(
      kind: .poolsInSync, isTrue: problem == nil, reason: problem?.0 ?? "InStep",
      message: problem?.1 ?? "the plugin's files are what the API server has")
  }

  private var storeReadable: NodeReport.Condition {
    .init(
      kind: .storeReadable, isTrue: storeFault == nil, reason: storeFault == nil ? "Readable" : "NotReadable",
      message: storeFault ?? "the leases were read")
  }

  private var agentUnique: NodeReport.Condition {
    .init(
      kind: .agentUnique, isTrue: rival == nil, reason: rival == nil ? "Unique" : "NotUnique",
      message: rival.map { "machines \(machine.machineID) and \($0) report as this node; both have stopped" }
        ?? "one machine reports as this node")
  }

  /// Each pool of the node's files with its counts, and each of the API server that cannot be used as it is now.
  private var pools: [NodeReport.Pool] {
    var pools: [NodeReport.Pool] = []
    let entries = resolution?.entries ?? []
    for (position, entry) in entries.enumerated() {
      let identity = entry.object.identity
      let counts = store?.pools.first { $0.isFromCluster && $0.name == identity.name }
      pools.append(
        .init(
          name: identity.name, uid: identity.uid,
          generation: acknowledgedGeneration(identity.name, identity.uid),
          subnet: entry.object.pool.subnet, own: own(entry),
          total: counts?.total ?? 0,
          held: counts?.held ?? 0, cooling: counts?.cooling ?? 0, error: error(of: entry, position)))
    }
    // By which this node perhaps still gives addresses.
    for former in acknowledged + inFile
    where !pools.contains(where: { $0.name == former.name && $0.uid == former.uid }) {
      pools.append(
        .init(
          name: former.name, uid: former.uid, generation: acknowledgedGeneration(former.name, former.uid),
          subnet: former.subnet, own: own(former.name, former.uid)))
    }
    for counts in store?.pools ?? [] where !counts.isFromCluster {
      pools.append(.init(name: counts.name, total: counts.total, held: counts.held, cooling: counts.cooling))
    }
    for (name, fault) in view.ledger.faults
    where !pools.contains(where: { $0.name == name && !$0.uid.isEmpty }) {
      guard fault.nodeNames.isEmpty || fault.nodeNames.contains(options.nodeName) else { continue }
      pools.append(
        .init(
          name: name, uid: fault.identity.uid, generation: fault.identity.generation, error: fault.problem))
    }
    return pools.sorted { ($0.name, $0.uid) < ($1.name, $1.uid) }
  }

  /// What this node gives of a pool of its own, and what it is about to give.
  private func own(_ entry: PoolResolution.Entry) -> AddressSet? {
    guard !entry.object.pool.isShared else { return nil }
    let wanted =
      entry.object.identity.terminating == nil
      ? division.own.wanted.intersection(entry.object.pool.addresses) : AddressSet()
    let given = own(entry.object.name, entry.object.identity.uid)
    return AddressSet(wanted.ranges + (given?.ranges ?? []))
  }

  /// What the file gives, and what it gave when the leases were last read; `nil` of a pool that the node shares.
  private func own(_ name: String, _ uid: String) -> AddressSet? {
    let given = (acknowledged + inFile).filter { $0.name == name && $0.uid == uid }.compactMap(\.own)
    return given.isEmpty ? nil : AddressSet(given.flatMap(\.ranges))
  }

  private func acknowledgedGeneration(_ name: String, _ uid: String) -> Int {
    acknowledged.first { $0.name == name && $0.uid == uid }?.generation ?? 0
  }

  private func error(of entry: PoolResolution.Entry, _ position: Int) -> String? {
    let name = entry.object.name
    let problems =
      [
        view.ledger.faults[name].map {
          "\($0.problem); the pool is used as it was in generation \(entry.object.identity.generation)"
        },
        store?.refusals[position].map { "a file of the node goes before it: \($0)" },
        entry.withheld ?? obstacle(to: entry),
        division.clearance.obstacles[name].map { "no more of it is claimed: \($0)" },
      ].compactMap(\.self) + (resolution?.conflicts.filter { $0.identity.name == name }.map(\.problem) ?? [])
    return problems.isEmpty ? nil : problems.joined(separator: "; ")
  }

  /// What happened to pools of this node that people should be told of.
  var warnings: [Warning] {
    var warnings: [Warning] = []
    // One that names no node would be told of by every node.
    for fault in view.ledger.faults.values where fault.nodeNames.contains(options.nodeName) {
      warnings.append(warning(fault.identity, "Invalid", message: fault.problem))
    }
    let own = Set(resolution?.entries.map(\.object.name) ?? [])
    for conflict in resolution?.conflicts ?? [] where own.contains(conflict.identity.name) {
      warnings.append(warning(conflict.identity, "Conflict", message: conflict.problem))
    }
    for entry in resolution?.entries ?? [] {
      guard let counts = store?.pools.first(where: { $0.isFromCluster && $0.name == entry.object.name })
      else {
        continue
      }
      let identity = entry.object.identity
      // Not what this node's part of the pool has no more, while a block comes or goes.
      let outside = counts.outside.filter { !entry.object.pool.addresses.contains($0) }
      if !outside.isEmpty {
        let addresses = outside.prefix(5).map(\.description).joined(separator: ", ")
        warnings.append(
          warning(
            identity, "AddressesOutside",
            message:
              "node \(options.nodeName): pods hold \(outside.count) addresses that the pool has no more: \(addresses)"
          ))
      }
      if counts.free == 0, counts.total > 0, entry.withheld == nil, entry.sharing != .more {
        warnings.append(
          warning(
            identity, "Exhausted",
            message: "node \(options.nodeName): none of \(counts.total) addresses is free"))
      }
    }
    if let rival {
      var metadata = ObjectMetadata(name: options.nodeName)
      metadata.uid = nodeUID
      warnings.append(
        Warning(
          object: ObjectReference(Resources.nodes, metadata), reason: "AgentNotUnique",
          message: "machine \(rival) reports as this node too: give each node a name of its own"))
    }
    return warnings
  }

  private func warning(_ identity: ObjectIdentity, _ reason: String, message: String) -> Warning {
    var metadata = ObjectMetadata(name: identity.name)
    metadata.uid = identity.uid
    return Warning(object: ObjectReference(Resources.pools, metadata), reason: reason, message: message)
  }
}
