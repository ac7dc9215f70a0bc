internal import ClusterObjects
package import Daemon
internal import KubernetesClient
package import Logging
internal import Synchronization

/// The controller of a cluster: makes NetworkAttachmentDefinitions of SpiderMultusConfigs, says in the status of pools
/// what nodes hold of them, and keeps pools that are being deleted until nothing is held.
///
/// Of several only one leads. No node waits for it: with all controllers dead pods are attached as before.
package struct ClusterController: Sendable {
  private let options: ControllerOptions
  private let log: Logger

  /// A controller that is not running yet.
  package init(_ options: ControllerOptions, log: Logger) {
    self.options = options
    self.log = log
  }

  /// Runs until the task is cancelled.
  /// - Throws: ``DaemonError`` when it cannot run at all. Whatever comes back by itself, such as an API server, is waited
  ///   for.
  package func run() async throws(DaemonError) {
    let configuration = ClientConfiguration(
      source: options.credentials, userAgent: "ipvlan-controller/\(options.version)")
    let leader = Leader()
    let result = await APIClient.withClient(configuration, log: log) { client in
      let elector = LeaseElector(
        client, name: "ipvlan-controller", namespace: options.namespace, identity: options.identity,
        times: options.electing, log: log)
      return await EndpointServer(leader, options, log).run {
        await elector.run { await lead(client, leader) }
      }
    }
    try result.get()
  }

  /// Does the work until the lease is lost. A new leader begins with a new view: the former one is
  /// old. So does this one, after the API server was restored from a backup.
  private func lead(_ client: APIClient, _ leader: Leader) async {
    let core = ControllerCore(options, log: log)
    leader.core = core
    defer { leader.core = nil }
    await withTaskGroup(of: Void.self) { group in
      for collection in ControllerView.collections {
        group.addTask {
          await Reflector(
            client, collection, options: options.reflecting.options(UnstructuredObject.self), log: log
          ).run { await core.take(collection, $0) }
        }
      }
      group.addTask { await work(client, core) }
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: .milliseconds(500))
          if await core.isWaiting { core.poke() }
        }
      }
      await group.next()
      group.cancelAll()
    }
  }

  private func work(_ client: APIClient, _ core: ControllerCore) async {
    var bulletin = EventNotices(EventRecorder(client, component: "ipvlan-controller"), log: log)
    for await _ in core.changes {
      try? await Task.sleep(for: options.settling)
      for step in await core.steps() {
        guard !Task.isCancelled else { return }
        do throws(KubernetesError) {
          await core.note(step, try await step.take(client))
        } catch {
          guard error.kind != .cancelled else { return }
          switch await cause(of: error, step, client) {
          case .overtaken: await core.note(step, overtakenBy: error)
          case .withoutStatus: await core.noteForeign(step.key.collection)
          case .failure: await core.note(step, failed: error)
          }
          // The others would fail as well, and wait for nothing.
          if [.unreachable, .timedOut, .unauthorized, .untrusted].contains(error.kind) { break }
        }
      }
      await bulletin.tell(core.warnings)
    }
  }

  /// Why a step came to nothing.
  private enum Cause {
    /// The object is gone, or another one has its name.
    case overtaken
    /// The object is there, and its kind has no status to be written.
    case withoutStatus
    case failure
  }

  /// - Returns: what is behind an answer that speaks of the object, after a look at it.
  private func cause(of error: KubernetesError, _ step: Step, _ client: APIClient) async -> Cause {
    // A precondition on the uid that does not hold is answered as an invalid change of it.
    guard error.kind == .notFound || error.kind == .invalid, let (resource, object) = step.changed,
      let name = object.metadata.name
    else { return .failure }
    do throws(KubernetesError) {
      let found = try await client.get(resource, name, namespace: object.metadata.namespace)
      guard found.metadata.uid == object.metadata.uid else { return .overtaken }
      if error.kind == .notFound, case .writeStatus = step { return .withoutStatus }
      return .failure
    } catch {
      return error.kind == .notFound ? .overtaken : .failure
    }
  }
}

/// What the endpoints may look at: the core, while this process leads.
final class Leader: Sendable {
  private let current = Mutex<ControllerCore?>(nil)

  var core: ControllerCore? {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }
}
