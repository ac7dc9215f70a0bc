/// Which pools an attachment may have addresses of.
extension IPPoolAllocator {
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
