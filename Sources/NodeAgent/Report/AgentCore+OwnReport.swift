internal import Addressing
internal import ClusterObjects
internal import KubernetesClient
internal import Logging

/// This node's report as the API server has it.
extension AgentCore {
  /// Takes note of this node's report as the API server has it.
  func takeReport(_ event: ReflectorEvent<UnstructuredObject>) {
    let known = rivalry.rival
    noteServer(event, reportFeed)
    reportFeed.note(event)
    tellOfOutages()
    switch event {
    case .listed(let list):
      if !wasReportRead { recall(list.items.first) }
      reportVersion = nil
      for report in list.items { note(report, isListed: true) }
      // The server may have been restored to a state with an older one.
      forgetReport()
    case .changed(let report): note(report)
    case .deleted: forgetReport()
    case .connected, .failed: break
    }
    if let rival = rivalry.rival, rival != known {
      log.error(
        "another machine, \(rival), reports as node \(options.nodeName); this one, \(machine.machineID), reports no more: give each node a name of its own and restart ipvlan-agent"
      )
      raise.yield()
    }
  }

  /// What the file of the run before gives counts as far as the report of that run says it: while the report was gone, other
  /// nodes may have been given the same.
  func recall(_ report: UnstructuredObject?) {
    wasReportRead = true
    defer { raise.yield() }
    if let report { formerPools.recall(report) }
    noteFormerPools()
    let standing = report.map(NodeProgress.init)
    if let standing { division.recall(standing) }
    let pools = standing?.pools ?? []
    // An acknowledgement of this run says more.
    if acknowledgedRevision < 0 { given.recall(pools) }
    // One of an agent that did not report addresses yet says nothing about them.
    guard pools.isEmpty || pools.contains(where: { $0.own != nil }) else { return }
    division.recall(AddressSet(union: pools.compactMap(\.own)))
  }

  /// Tells apart what pods hold of a pool, and of the one before it of that name.
  func noteFormerPools() {
    // What the run before has reported says which of them its pods had their addresses from.
    guard wasReportRead, resolution != nil, let store, storeRevision == fileRevision, fileFault == nil else {
      return
    }
    formerPools.note(store)
  }

  /// The API server may have another report than was last sent.
  func forgetReport() {
    reported = nil
    division.note(published: PublishedReport())
  }

  /// The API server has another version of this node's report than was expected.
  func noteConflict(_ report: UnstructuredObject) {
    noteCurrent(report)
    reportVersion = report.metadata.resourceVersion
    forgetReport()
  }

  /// A report is sent. Whatever it does not say counts as published no more, whether or not an answer comes.
  func noteReporting(_ report: NodeReport) { division.note(publishing: Self.published(report)) }

  /// The API server has taken a report.
  ///
  /// - Parameter taken: what it has now.
  func noteReported(_ report: NodeReport, _ taken: UnstructuredObject) {
    reported = report
    reportVersion = taken.metadata.resourceVersion
    division.note(own: taken.metadata)
    writeMark()
    // It has kept what the report says of addresses.
    let isWhole =
      (report.busy == nil || taken["status"]?["busy"] != nil)
      && (report.followedSince == nil || taken["status"]?["followedSince"] != nil)
    division.note(published: Self.published(report))
    if report.nodeUID != nil, taken["status"]?["nodeUID"] == nil {
      note(
        "keeping nodeUID in the report",
        KubernetesError(
          .invalid, action: "keep nodeUID in the report",
          problem: "the API server's definition of ipvlannodes.ipvlan-cni.dev is older than this agent"),
        consequence:
          "blocks of this node stay when its Node is made anew; run: kubectl apply -f cni-conf/kubernetes/crds.yaml"
      )
    } else {
      note("keeping nodeUID in the report", nil)
    }
    guard hasOldDefinition == isWhole else { return }
    hasOldDefinition = !isWhole
    if isWhole {
      log.info("the API server keeps what reports say of addresses")
    } else {
      log.error(
        "the API server's definition of ipvlannodes.ipvlan-cni.dev is older than this agent, so that no node can tell which addresses another one gives: kubectl apply -f cni-conf/kubernetes/crds.yaml"
      )
    }
    raise.yield()
  }

  private static func published(_ report: NodeReport) -> PublishedReport {
    PublishedReport(
      report.pools.map {
        NodeProgress.Pool(
          name: $0.name, uid: $0.uid, generation: $0.generation, subnet: $0.subnet, own: $0.own)
      })
  }

  private func note(_ report: UnstructuredObject, isListed: Bool = false) {
    rivalry.note(report)
    // Listed anew, it may be one from before.
    if division.note(own: report.metadata), isListed {
      division.interrupt(at: .now)
      raiseDoubts.yield()
    }
    // The watch may tell of one that an answer has overtaken.
    let versions = [reportVersion, report.metadata.resourceVersion].compactMap { $0.flatMap(UInt64.init) }
    reportVersion = versions.max().map { "\($0)" }
    for condition in report["status"]?["conditions"]?.array ?? [] {
      guard let kind = condition["type"]?.string.flatMap(NodeReport.Kind.init),
        let since = condition["lastTransitionTime"]?.string.flatMap(Timestamp.init)
      else { continue }
      transitions[kind] = (condition["status"]?.string == "True", since)
    }
  }
}
