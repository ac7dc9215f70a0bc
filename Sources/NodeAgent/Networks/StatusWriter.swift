internal import CNI
internal import ClusterObjects
internal import KubernetesClient
internal import Logging
internal import MultiNetwork

/// Tells the API server which networks the node's pods have got, after they have them: no pod waits for it.
struct StatusWriter: Sendable {
  let client: APIClient
  let options: AgentOptions
  let log: Logger

  /// Runs until the task is cancelled.
  func run() async {
    let store = RecordStore(directory: options.recordDirectory)
    var told: Set<RecordStore.Key> = []
    var backoff = options.reportBackoff
    var problem: String?
    while !Task.isCancelled {
      try? await Task.sleep(for: options.lookInterval)
      do throws(StatusFault) {
        let keys = try attachments(store)
        told.formIntersection(keys)
        for key in keys where !told.contains(key) {
          try await tell(key, store)
          told.insert(key)
        }
        if problem != nil { log.info("\(NetworkStatus.annotation) can be written again") }
        problem = nil
        backoff.reset()
      } catch {
        guard error.cause?.kind != .cancelled else { return }
        if problem != error.problem { log.warning("\(error.problem); it is tried again until it succeeds") }
        problem = error.problem
        try? await Task.sleep(for: error.cause.map { backoff.next(after: $0) } ?? .seconds(1))
      }
    }
  }

  private func attachments(_ store: RecordStore) throws(StatusFault) -> [RecordStore.Key] {
    do throws(CNIError) { return try store.finished() } catch {
      throw StatusFault(problem: "\(error.message): \(error.details)", cause: nil)
    }
  }

  private func tell(_ key: RecordStore.Key, _ store: RecordStore) async throws(StatusFault) {
    let text: String
    let pod: (namespace: String, name: String, uid: String)
    do throws(CNIError) {
      // Gone meanwhile, or no pod at all.
      guard let record = try store.read(key), let own = record.pod else { return }
      let results = try store.results(key)
      guard results.count == record.networks.count else { return }
      text = NetworkStatus.text(record, results)
      pod = (own.namespace, own.name, own.uid)
    } catch {
      throw StatusFault(problem: "\(error.message): \(error.details)", cause: nil)
    }
    var metadata: FieldValue = ["annotations": [NetworkStatus.annotation: .string(text)]]
    // Only this very pod, and no later one of its name. The object of a static pod has another number.
    if pod.uid.contains("-") { metadata["uid"] = .string(pod.uid) }
    do throws(KubernetesError) {
      _ = try await client.mergePatch(
        Resources.pods, pod.name, namespace: pod.namespace, subresource: .status,
        patch: ["metadata": metadata] as FieldValue)
    } catch {
      switch error.kind {
      case .notFound, .conflict, .invalid:
        // It is another pod by now, or none: nothing to tell.
        log.debug("pod \(pod.namespace)/\(pod.name) has gone: \(error)")
      default: throw StatusFault(problem: "\(error)", cause: error)
      }
    }
  }
}

/// Why nothing could be told.
private struct StatusFault: Error {
  let problem: String
  let cause: KubernetesError?
}
