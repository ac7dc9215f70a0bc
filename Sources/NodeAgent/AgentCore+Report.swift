internal import Addressing
internal import ClusterObjects
internal import KubernetesClient

/// What the agent reports, and of what it warns.
extension AgentCore {
  /// The report, once there is something to report.
  func report() -> (report: NodeReport, lastSync: Timestamp?)? {
    // What the run before gave is in its report. Where that cannot be read, the leases have to say it.
    // While it is in doubt whether the server has the last report, a new one would hide that it has not.
    guard hasLooked && !division.continuity.isAway || isLookRefused, store != nil || storeFault != nil,
      wasReportRead || (acknowledgedRevision >= 0 && ContinuousClock.now - started > .seconds(5))
    else {
      return nil
    }
    var report = NodeReport(machineID: machine.machineID, bootID: machine.bootID, version: options.version)
    report.conditions = [poolsInSync, storeReadable, agentUnique]
    report.pools = pools
    report.records = store?.records.map { record in
      var record = record
      record.poolUID = formerPools.uid(of: record)
      return record
    }.sorted { $0.address < $1.address }
    report.busy = store?.busy
    if let owner = fileOwner, storeRevision >= owner.revision { report.nodeUID = owner.uid }
    report.followedSince = division.continuity.followedSince
    report.lostState = division.continuity.lostState
    return (report, lastSync)
  }

  private var poolsInSync: NodeReport.Condition {
    let problem: (String, String)? =
      if let failure = failures.first {
        ("NotFollowed", failure.failure.advice)
      } else if !view.isComplete {
        ("NotRead", "not all collections have been read yet")
      } else if let fileFault {
        ("NotWritten", fileFault)
      } else if let blockProblem {
        ("BlocksNotWritten", blockProblem)
      } else if followsPods == true, let failure = view.podFailures.first {
        ("PodsNotFollowed", failure.failure.advice)
      } else if followsPods == true, let feed = view.podFeeds.first(where: { !$0.feed.isComplete }) {
        ("PodsNotRead", "\(feed.collection) have not been read yet")
      } else if let podFault {
        ("PodsNotWritten", podFault)
      } else if let failure = view.networkFailures.first {
        ("NetworksNotFollowed", failure.failure.advice)
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
    let entries = resolution?.entries ?? []
    let former = formerPools.pools
    var pools = given.reported(resolution, about: division.own.wanted).enumerated().map {
      position, standing in
      var pool = NodeReport.Pool(standing)
      guard position < entries.count else { return pool }
      if let counts = store?.pools.first(where: { $0.isFromCluster && $0.name == pool.name }) {
        (pool.total, pool.held, pool.cooling) = (counts.total, counts.held, counts.cooling)
        // The leases tell the name only.
        for other in former where other.name == pool.name {
          pool.held -= min(pool.held, other.held.intersection(entries[position].addresses).count)
        }
      }
      pool.error = error(of: entries[position], position)
      return pool
    }
    for former in former {
      if let index = pools.firstIndex(where: { $0.name == former.name && $0.uid == former.uid }) {
        pools[index].held = former.held.count
      } else {
        pools.append(.init(former))
      }
    }
    for counts in store?.pools ?? [] where !counts.isFromCluster {
      pools.append(.init(name: counts.name, total: counts.total, held: counts.held, cooling: counts.cooling))
    }
    for (name, fault) in view.ledger.faults
    where !pools.contains(where: { $0.name == name && $0.uid == fault.identity.uid }) {
      guard fault.nodeNames.isEmpty || fault.nodeNames.contains(options.nodeName) else { continue }
      pools.append(
        .init(
          name: name, uid: fault.identity.uid, generation: fault.identity.generation, error: fault.problem))
    }
    return pools.sorted { ($0.name, $0.uid) < ($1.name, $1.uid) }
  }

  private func error(of entry: PoolResolution.Entry, _ position: Int) -> String? {
    let name = entry.object.name
    let problems =
      [
        view.ledger.faults[name].map {
          "\($0.problem); the pool is used as it was in generation \(entry.object.identity.generation)"
        },
        store?.refusals[position].map { refusal in
          let isOfCluster = refusal.contains(" at \(PoolFile(directory: options.poolDirectory).path)")
          return "\(isOfCluster ? "an older pool" : "a file of the node") goes before it: \(refusal)"
        },
        entry.withheld ?? obstacle(to: entry),
        division.clearance.obstacles[name].map { "not all of it is claimed: \($0)" },
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
      // An address that only this node's part of the pool has lost does not count: a block comes or goes.
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
          message:
            "machine \(rival) reports as this node too: give each node a name of its own, then restart its ipvlan-agent"
        ))
    }
    return warnings
  }

  private func warning(_ identity: ObjectIdentity, _ reason: String, message: String) -> Warning {
    var metadata = ObjectMetadata(name: identity.name)
    metadata.uid = identity.uid
    return Warning(object: ObjectReference(Resources.pools, metadata), reason: reason, message: message)
  }
}
