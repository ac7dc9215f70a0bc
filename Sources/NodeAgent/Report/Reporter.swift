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

  /// Runs until the task is cancelled.
  func run() async {
    var watch = StoreWatch(directory: options.dataDirectory)
    var looked = ContinuousClock.now
    var reported: NodeReport?
    var backoff = options.reportBackoff
    var bulletin = Bulletin(
      EventRecorder(client, component: "ipvlan-agent", host: options.nodeName), log: log)
    while !Task.isCancelled {
      try? await Task.sleep(for: options.lookInterval)
      let isRestless = await core.hasCooling && ContinuousClock.now - looked >= .seconds(5)
      if watch.hasChanged() || isRestless {
        await look(&looked)
      } else if await core.takeWish() {
        await look(&looked)
      }
      guard let (report, lastSync) = await core.report() else { continue }
      // Both machines say once that they are two, and no more.
      if reported?.isOfTwo ?? false { continue }
      if report != reported {
        do throws(KubernetesError) {
          try await write(report, lastSync)
          reported = report
          backoff.reset()
          await core.noteReport(nil)
        } catch {
          guard error.kind != .cancelled else { return }
          await core.noteReport("\(error)")
          try? await Task.sleep(for: backoff.next(after: error))
          continue
        }
      }
      await bulletin.tell(core.warnings)
    }
  }

  private func look(_ looked: inout ContinuousClock.Instant) async {
    looked = .now
    let revision = await core.fileRevision
    do throws(ObjectFault) {
      await core.take(.success(try await StoreView.read(options)), revision: revision)
    } catch {
      await core.take(.failure(error), revision: revision)
    }
  }

  private func write(_ report: NodeReport, _ lastSync: Timestamp?) async throws(KubernetesError) {
    let known = await core.transitions
    var since: [NodeReport.Kind: Timestamp] = [:]
    for condition in report.conditions {
      if let former = known[condition.kind], former.isTrue == condition.isTrue {
        since[condition.kind] = former.since
      }
    }
    let patch: FieldValue = ["status": report.status(lastSync: lastSync, since: since)]
    let name = options.nodeName
    do throws(KubernetesError) {
      _ = try await client.mergePatch(Resources.reports, name, subresource: .status, patch: patch)
    } catch {
      guard error.kind == .notFound else { throw error }
      _ = try await client.create(Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: name)))
      _ = try await client.mergePatch(Resources.reports, name, subresource: .status, patch: patch)
    }
  }
}

extension NodeReport {
  /// It says that another machine has this node's name.
  var isOfTwo: Bool { conditions.contains { $0.kind == .agentUnique && !$0.isTrue } }
}
