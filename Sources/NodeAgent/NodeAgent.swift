internal import ClusterObjects
package import Daemon
internal import KubernetesClient
package import Logging

/// The agent of a node: mirrors what concerns the node into the files that the plugin reads, and reports how the node is.
///
/// The plugin never asks it: with the agent dead, or the API server, pods are attached from the last files.
package struct NodeAgent: Sendable {
  private let options: AgentOptions
  private let log: Logger
  private let machine: MachineIdentity

  /// An agent that is not running yet.
  package init(_ options: AgentOptions, log: Logger) {
    self.init(options, log: log, machine: .current())
  }

  init(_ options: AgentOptions, log: Logger, machine: MachineIdentity) {
    self.options = options
    self.log = log
    self.machine = machine
  }

  /// Runs until the task is cancelled.
  /// - Throws: ``DaemonError`` when it cannot run at all. Whatever comes back by itself, such as an API server, is waited
  ///   for.
  package func run() async throws(DaemonError) {
    let lock = try AgentLock.take(options.runDirectory)
    let configuration = ClientConfiguration(
      source: options.credentials, userAgent: "ipvlan-agent/\(options.version)")
    let result = await APIClient.withClient(configuration, log: log) { client in
      let core = AgentCore(options, machine: machine, server: client.origin, log: log)
      return await EndpointServer(core, options, log).run { await run(client, core) }
    }
    _ = consume lock
    try result.get()
  }

  private func run(_ client: APIClient, _ core: AgentCore) async {
    let name = options.nodeName
    let own = Selection(fields: "metadata.name=\(name)")
    let reporter = Reporter(client: client, core: core, options: options, log: log)
    let keeper = BlockKeeper(client: client, core: core, reporter: reporter, options: options, log: log)
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await following(
          core,
          { await reflector(client, Resources.pools).run { await core.takePools($0) } },
          { await reflector(client, Resources.reservedIPs).run { await core.takeReserved($0) } },
          { await reflector(client, Resources.nodes, own).run { await core.takeNode($0) } },
          { await reflector(client, Resources.reports, own).run { await core.takeReport($0) } },
          { await reflector(client, Resources.blocks).run { await core.takeBlocks($0) } })
      }
      group.addTask { await settleDoubts(client, core) }
      group.addTask { await keeper.run() }
      if options.networks {
        group.addTask {
          await following(
            core, { await reflector(client, Resources.definitions).run { await core.takeNetworks($0) } })
        }
        group.addTask { await followNetworks(core) }
        group.addTask { await StatusWriter(client: client, options: options, log: log).run() }
      }
      group.addTask { await followPods(client, core) }
      group.addTask { await follow(core, keeper) }
      group.addTask { await followPodChanges(core) }
      group.addTask { await tend(core) }
      group.addTask { await reporter.run() }
      // All of them run until the task is cancelled; one that ends before takes the others with it.
      await group.next()
      group.cancelAll()
    }
  }

  private func reflector<Object>(
    _ client: APIClient, _ resource: Resource<Object>, _ selection: Selection = .all
  ) -> Reflector<Object> {
    Reflector(client, resource, selection, options: options.reflecting.options(Object.self), log: log)
  }

  /// Follows collections; when the API server was restored to an older state, from the beginning. A watch that went on would not
  /// tell what is gone.
  private func following(_ core: AgentCore, _ collections: @Sendable () async -> Void...) async {
    let losses = await core.losses()
    while !Task.isCancelled {
      await withTaskGroup(of: Void.self) { group in
        for collection in collections { group.addTask { await collection() } }
        group.addTask { for await _ in losses { break } }
        await group.next()
        group.cancelAll()
      }
      try? await Task.sleep(for: options.reflecting.relistSpread * Double.random(in: 0..<1))
    }
  }

  /// Looks whether the API server has all that this node has seen of it, at the start and after it was away.
  private func settleDoubts(_ client: APIClient, _ core: AgentCore) async {
    let own = Selection(fields: "metadata.name=\(options.nodeName)")
    for await _ in core.doubts {
      var backoff = Backoff()
      if await core.hasLooked {
        guard await core.look() != nil else { continue }
        let lost = ContinuousClock.now
        await waiting(until: lost + options.blip) { await core.isServerAway }
        if await core.isServerAway {
          await core.interrupt(since: lost)
          await waiting { await core.isServerGone }
          // All nodes have lost it at once.
          try? await Task.sleep(for: options.lookSpread * Double.random(in: 0..<1))
          backoff = Backoff(initial: options.lookSpread, longest: options.lookSpread * 2)
        } else {
          // Only this node, as a rule.
          try? await Task.sleep(for: options.lookSpread * Double.random(in: 0..<0.3))
        }
      } else {
        // The Node tells another cluster from an older state of this one.
        await waiting(until: .now + options.blip) { await core.nodeUID == nil }
      }
      while !Task.isCancelled, let look = await core.look() {
        do throws(KubernetesError) {
          await core.take(try await client.list(Resources.reports, own), after: look)
        } catch {
          // The reflector of the reports tells of it.
          await core.noteLook(refused: error.kind == .forbidden)
          try? await Task.sleep(for: backoff.next(after: error))
        }
      }
    }
  }

  /// Waits as long as something lasts.
  private func waiting(
    until end: ContinuousClock.Instant? = nil, while isSo: @Sendable () async -> Bool
  ) async {
    while await isSo(), end.map({ ContinuousClock.now < $0 }) ?? true, !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  /// Follows the pods of the node and all namespaces, as long as that is wanted.
  private func followPods(_ client: APIClient, _ core: AgentCore) async {
    var following: Task<Void, Never>?
    for await isWanted in core.podWishes {
      if isWanted, following == nil {
        following = Task { await mirrorPods(client, core) }
      } else if !isWanted {
        following?.cancel()
        await following?.value
        following = nil
        await core.forgetPods()
      }
    }
    following?.cancel()
    await following?.value
  }

  private func mirrorPods(_ client: APIClient, _ core: AgentCore) async {
    // A pod that has ended counts as gone.
    let own = Selection(
      fields: "spec.nodeName=\(options.nodeName),status.phase!=Succeeded,status.phase!=Failed")
    await following(
      core,
      { await reflector(client, Resources.pods, own).run { await core.takePods($0) } },
      { await reflector(client, Resources.namespaces).run { await core.takeNamespaces($0) } })
  }

  /// Writes files when something has come.
  private func follow(_ core: AgentCore, _ keeper: BlockKeeper) async {
    var looks = RateLimiter(options.fileLooks)
    var writes = RateLimiter(options.fileWrites)
    for await _ in core.changes {
      // What may be given depends on the report of the run before; without an answer the file stays behind no longer.
      while await !core.knowsRunBefore, ContinuousClock.now - core.started < .seconds(5), !Task.isCancelled {
        try? await Task.sleep(for: .milliseconds(20))
      }
      try? await Task.sleep(for: options.settling)
      try? await Task.sleep(for: max(looks.wait(), writes.wait()))
      looks.note()
      var revision = await core.fileRevision
      let outlook = await core.outlook()
      if outlook.hasNews {
        // Most answers are there at once, and one write of the file does for what goes and what comes.
        let isLate = await keeper.askAboutNews { if outlook.takesAway { await core.sync() } }
        if isLate {
          writes.note(await core.fileRevision - revision)
          revision = await core.fileRevision
          try? await Task.sleep(for: writes.wait())
        }
      }
      await core.sync()
      writes.note(await core.fileRevision - revision)
    }
  }

  /// Writes files of pods when something has come; each as soon as it may be.
  private func followPodChanges(_ core: AgentCore) async {
    for await _ in core.podChanges {
      await core.syncPods()
      try? await Task.sleep(for: options.settling)
    }
  }

  /// Writes files of networks when something has come.
  private func followNetworks(_ core: AgentCore) async {
    for await _ in core.networkChanges {
      await core.syncNetworks()
      try? await Task.sleep(for: options.settling)
    }
  }

  /// Looks after files that could not be written, and after those that somebody has changed or removed.
  private func tend(_ core: AgentCore) async {
    var rounds = 0
    await core.poke()
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(5))
      rounds += 1
      if await core.needsSync || rounds % 12 == 0 { await core.poke() }
      if rounds % 12 == 0 { await core.writeMark() }
    }
  }
}
