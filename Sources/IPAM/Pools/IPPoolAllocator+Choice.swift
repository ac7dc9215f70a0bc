internal import Platform

/// Which pools an attachment may have addresses of.
extension IPPoolAllocator {
  /// The pools that can serve this node, from the compiled catalogue where it is of these documents.
  ///
  /// - Parameter isWriting: whether a catalogue that is missing or stale is made anew.
  func nodesCatalog(isWriting: Bool = false) -> PoolCatalog {
    let status = PoolCatalog.agentFileStatus(in: configuration.poolDirectory)
    var catalog = readCatalog(isWriting: isWriting)
    catalog.agentFile = status
    return catalog
  }

  private func readCatalog(isWriting: Bool) -> PoolCatalog {
    guard (try? Files.isPrivateDirectory(configuration.dataDirectory)) == true,
      let compiled = CompiledCatalog(
        of: configuration.poolDirectory, in: configuration.dataDirectory, nodeName: configuration.nodeName)
    else { return PoolCatalog(directory: configuration.poolDirectory) }
    if let catalog = compiled.read() { return catalog }
    let catalog = PoolCatalog(directory: configuration.poolDirectory)
    if isWriting { compiled.write(catalog) }
    return catalog
  }

  /// What was chosen, and by what.
  struct Choice {
    let annotation: PoolAnnotation
    let query: PoolQuery
    let selection: PoolSelection
  }

  /// Chooses by what the runtime has told of the pod, and where that does not do, by the pod's file.
  ///
  /// No file is looked for unless it can decide. Where an agent follows the pods of its node, a pod may choose pools by
  /// annotations that the runtime has not handed on (Multus hands on none), and a pool may ask for labels: then the file is
  /// waited for, since without it the pod could get an address of pools that it must not have. Where none does, such
  /// pools are passed over, as they always were.
  /// - Throws: ``AllocationError``, of the kind `busy` when there is no file yet.
  func choose(
    for request: AllocationRequest, in catalog: PoolCatalog
  ) throws(AllocationError) -> Choice {
    var request = request
    if catalog.hasPodFiles, !request.annotationsAreKnown, let pod = request.pod, !pod.uid.isEmpty {
      request.learn(
        try podFiles.record(
          of: pod, for: "the pod's annotations, by which it may choose pools; the runtime has handed on none")
      )
    }
    let annotation = try PoolAnnotation(request)
    var query = query(for: request, annotation)
    var selection = PoolSelection(query, in: catalog)
    if catalog.hasPodFiles, request.record == nil, let pod = request.pod {
      let undecided = selection.undecided
      if !undecided.isEmpty {
        let names = undecided.prefix(5).map { $0.name }.joined(separator: ", ")
        query.learn(
          try podFiles.record(
            of: pod, for: "the labels of the pod and its namespace, for which pool \(names) asks"))
        selection = PoolSelection(query, in: catalog)
      }
    }
    return Choice(annotation: annotation, query: query, selection: selection)
  }
}

/// Pools that several nodes share.
extension IPPoolAllocator {
  /// The pools as they are while the lease store is locked.
  ///
  /// Addresses that a node has claimed leave its pool file before they are somebody else's, and so do those of a pool that
  /// was the node's alone and is no more. Whoever lets go of them looks at the store afterwards: what is chosen under
  /// the lock by a file that was read under the lock is either seen there, or is no longer chosen. A file that nobody has
  /// written since is not read twice.
  func current(
    _ choice: Choice, _ catalog: PoolCatalog, for request: AllocationRequest
  ) throws(AllocationError) -> PoolSelection {
    guard PoolCatalog.agentFileStatus(in: configuration.poolDirectory) != catalog.agentFile else {
      return choice.selection
    }
    let selection = PoolSelection(choice.query, in: nodesCatalog())
    try require(selection, for: request, choice.query)
    return selection
  }

  /// At least one pool must be eligible, and one of each family that the pod requires.
  func require(
    _ selection: PoolSelection, for request: AllocationRequest, _ query: PoolQuery
  ) throws(AllocationError) {
    guard !selection.families.isEmpty, query.required.allSatisfy(selection.families.contains) else {
      throw PoolFailure(query, directory: configuration.poolDirectory).noEligiblePool(request)
    }
  }

  /// Asks the agent for more of a shared pool that has run dry, and says so in the error.
  func wish(for pools: [NodePool], after error: AllocationError) -> AllocationError {
    guard error.kind == .exhausted || error.kind == .cooling else { return error }
    let shared = pools.filter { $0.sharing == .more }
    guard !shared.isEmpty else {
      guard pools.contains(where: { $0.sharing == NodePool.Sharing.none }) else { return error }
      var error = error
      error.details =
        "every other address of the shared pool is claimed by another node: kubectl get ipvlanblocks; "
        + error.details
      return error
    }
    let names = shared.map { $0.name }
    do throws(Errno) { for name in names { try PoolWishes(runDirectory: runDirectory).add(name) } } catch {
      return AllocationError(
        .store, "no address, and ipvlan-agent cannot be asked for more: \(error)",
        details:
          "look at owner, mode and free space: \("ls -la \(runDirectory); df -h \(runDirectory)" as ShellCommand)"
      )
    }
    return AllocationError(
      .busy, error.message + "; ipvlan-agent has been asked to claim more",
      details: "if that does not help: ipvlanctl kube status; kubectl get ipvlanblocks")
  }
}
