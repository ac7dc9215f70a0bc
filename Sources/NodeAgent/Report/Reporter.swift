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
    var bulletin = Bulletin(client, options)
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
      await bulletin.tell(core, log)
    }
  }

  private func look(_ looked: inout ContinuousClock.Instant) async {
    looked = .now
    do throws(ObjectFault) {
      await core.take(.success(try await StoreView.read(options)))
    } catch {
      await core.take(.failure(error))
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

/// Tells people what happened to objects, each thing once as long as it lasts.
private struct Bulletin: Sendable {
  private let recorder: EventRecorder
  private let nodeName: String
  private var told: Set<AgentCore.Warning> = []
  private var hasToldOfRival = false

  init(_ client: APIClient, _ options: AgentOptions) {
    recorder = EventRecorder(client, component: "ipvlan-agent", host: options.nodeName)
    nodeName = options.nodeName
  }

  mutating func tell(_ core: AgentCore, _ log: Logger) async {
    let warnings = await core.warnings
    told.formIntersection(warnings)
    for warning in warnings where !told.contains(warning) {
      told.insert(warning)
      var metadata = ObjectMetadata(name: warning.identity.name)
      metadata.uid = warning.identity.uid
      await record(warning.reason, warning.message, ObjectReference(Resources.pools, metadata), log)
    }
    if let rival = await core.rival, !hasToldOfRival {
      hasToldOfRival = true
      var metadata = ObjectMetadata(name: nodeName)
      metadata.uid = await core.nodeUID
      await record(
        "AgentNotUnique", "machine \(rival) reports as this node too: give each node a name of its own",
        ObjectReference(Resources.nodes, metadata), log)
    }
  }

  private func record(_ reason: String, _ message: String, _ object: ObjectReference, _ log: Logger) async {
    do throws(KubernetesError) {
      try await recorder.record(.warning, reason, message, about: object)
    } catch {
      log.info("the event \(reason) about \(object.name ?? "") was not written: \(error)")
    }
  }
}
