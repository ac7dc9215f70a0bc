internal import ClusterObjects
internal import KubernetesClient
internal import Logging

/// Writes the node's report whenever it says something new, and events. What could not be written is forgotten as soon
/// as there is something newer.
struct Reporter: Sendable {
  let client: APIClient
  let core: AgentCore
  let options: AgentOptions
  let log: Logger
  private let turns = Turns()

  /// Runs until the task is cancelled.
  func run() async {
    var watch = StoreWatch(directory: options.dataDirectory)
    var looked = ContinuousClock.now
    var backoff = options.reportBackoff
    var bulletin = EventNotices(
      EventRecorder(client, component: "ipvlan-agent", host: options.nodeName), log: log)
    while !Task.isCancelled {
      try? await Task.sleep(for: options.lookInterval)
      let isRestless = await core.wantsAnotherLook && ContinuousClock.now - looked >= .seconds(5)
      if watch.hasChanged() || isRestless {
        await look(&looked)
      } else if await core.takeWish() {
        await look(&looked)
      }
      do throws(KubernetesError) {
        try await publish()
        backoff.reset()
        await core.noteReport(nil)
      } catch {
        guard error.kind != .cancelled else { return }
        await core.noteReport(error)
        try? await Task.sleep(for: backoff.next(after: error))
        continue
      }
      await bulletin.tell(core.warnings)
    }
  }

  /// Writes the report if it says something that the API server has not taken yet; of two calls the second follows the first.
  /// - Throws: ``KubernetesError`` when it is not taken.
  func publish() async throws(KubernetesError) {
    try await turns.take { () async -> Result<Void, KubernetesError> in
      if await core.isStoreUnread { await look() }
      let reported = await core.reported
      // Both machines say once that they are two, and no more.
      guard let (report, lastSync) = await core.report(), report != reported, !(reported?.isOfTwo ?? false)
      else {
        return .success(())
      }
      do throws(KubernetesError) {
        await core.noteReporting(report)
        let taken = try await write(report, lastSync)
        await core.noteReported(report, taken)
        return .success(())
      } catch {
        return .failure(error)
      }
    }.get()
  }

  private func look(_ looked: inout ContinuousClock.Instant) async {
    looked = .now
    await look()
  }

  private func look() async {
    let revision = await core.fileRevision
    do throws(ObjectFault) {
      guard let view = try await StoreView.read(options) else { return }
      await core.take(.success(view), revision: revision)
    } catch {
      await core.take(.failure(error), revision: revision)
    }
  }

  private func write(
    _ report: NodeReport, _ lastSync: Timestamp?
  ) async throws(KubernetesError) -> UnstructuredObject {
    let known = await core.transitions
    var since: [NodeReport.Kind: Timestamp] = [:]
    for condition in report.conditions {
      if let former = known[condition.kind], former.isTrue == condition.isTrue {
        since[condition.kind] = former.since
      }
    }
    let status = report.status(lastSync: lastSync, since: since)
    let name = options.nodeName
    func write(over version: String?) async throws(KubernetesError) -> UnstructuredObject {
      var patch: [String: FieldValue] = ["status": status]
      if let version { patch["metadata"] = ["resourceVersion": .string(version)] }
      return try await client.mergePatch(
        Resources.reports, name, subresource: .status, patch: FieldValue.object(patch))
    }
    do throws(KubernetesError) {
      return try await write(over: core.reportVersion)
    } catch {
      switch error.kind {
      case .notFound:
        let made = try await client.create(
          Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: name)))
        return try await write(over: made.metadata.resourceVersion)
      case .conflict:
        await core.noteConflict(try await client.get(Resources.reports, name))
        throw error
      default: throw error
      }
    }
  }
}

/// Lets one after the other do something that takes its time.
private actor Turns {
  private var last: Task<Void, Never>?

  func take<Outcome: Sendable>(_ work: @escaping @Sendable () async -> Outcome) async -> Outcome {
    let before = last
    let task = Task {
      await before?.value
      return await work()
    }
    last = Task { _ = await task.value }
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

extension NodeReport {
  /// It says that another machine has this node's name.
  var isOfTwo: Bool { conditions.contains { $0.kind == .agentUnique && !$0.isTrue } }
}
