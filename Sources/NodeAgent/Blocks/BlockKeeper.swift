internal import ClusterObjects
internal import IPAM
internal import KubernetesClient
internal import Logging

/// Claims blocks of shared pools, gives back those that are not needed, and asks how far the other nodes have come. What is
/// decided is ``AgentCore``'s.
struct BlockKeeper: Sendable {
  let client: APIClient
  let core: AgentCore
  let reporter: Reporter
  let options: AgentOptions
  let log: Logger
  private static let asking = "asking how far other nodes have come"
  /// Requests to ask about what is new, each with what to finish when that is done.
  private let news = AsyncStream.makeStream(of: AsyncStream<Void>.Continuation.self)

  /// Runs until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        var backoff = options.reportBackoff
        var next = ContinuousClock.now
        for await _ in core.blockChanges {
          await claim()
          guard ContinuousClock.now >= next else { continue }
          if let failure = await giveBack() {
            next = .now + backoff.next(after: failure)
          } else {
            backoff.reset()
          }
        }
      }
      group.addTask {
        await askAgain()
      }
      group.addTask {
        await answerNews()
      }
      group.addTask {
        let wishes = PoolWishes(runDirectory: options.runDirectory)
        while !Task.isCancelled {
          await core.want(wishes.take())
          // Retries, and blocks whose rest is over.
          core.raiseBlocks.yield()
          try? await Task.sleep(for: min(options.lookInterval, .milliseconds(250)))
        }
      }
    }
  }

  /// Asks as long as something waits.
  private func askAgain() async {
    var backoff = options.clearanceBackoff
    // A pod of another node may hold an address for months, and nothing else waits for that.
    var ownBackoff = options.ownBackoff
    // All nodes may ask at once.
    var patientBackoff = options.patientBackoff
    var failure: KubernetesError?
    var news = await core.newsCount
    while !Task.isCancelled {
      guard let open = await core.question else {
        backoff.reset()
        ownBackoff.reset()
        patientBackoff.reset()
        try? await Task.sleep(for: min(options.lookInterval, .milliseconds(250)))
        continue
      }
      // Spread, since each node that shares a new pool asks.
      let wait =
        if await core.waitsForNodes {
          patientBackoff.next(after: failure)
        } else if open.pools == nil {
          ownBackoff.next(after: failure)
        } else {
          backoff.next(after: failure)
        }
      let end = ContinuousClock.now + wait
      while ContinuousClock.now < end, await core.newsCount == news, !Task.isCancelled {
        try? await Task.sleep(for: min(wait, options.lookInterval, .milliseconds(250)))
      }
      if await core.newsCount != news {
        news = await core.newsCount
        ownBackoff.reset()
        continue
      }
      failure = if let question = await core.question { await ask(question) } else { nil }
    }
  }

  /// Asks how far all nodes have come.
  /// - Returns: what kept it from being told.
  private func ask(_ question: BlockDivision.Question) async -> KubernetesError? {
    do throws(KubernetesError) {
      // A report can have two thousand records.
      let reports = try await client.list(Resources.reports, pageSize: 50)
      await core.note(Self.asking, nil)
      if await core.answer(question, reports) { await core.poke() }
      return nil
    } catch {
      await core.note(
        Self.asking, error,
        consequence: "until then no addresses are claimed, and none given that are new to this node")
      return error
    }
  }

  /// Asks about addresses that are about to be given for the first time. Where no answer comes in time the file is written
  /// without them, and once more when it comes.
  ///
  /// - Parameter late: what is not to wait for an answer that takes its time.
  /// - Returns: whether that was done.
  func askAboutNews(late: @escaping @Sendable () async -> Void) async -> Bool {
    let (answered, finish) = AsyncStream.makeStream(of: Void.self)
    news.continuation.yield(finish)
    return await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in answered {}
        return false
      }
      group.addTask {
        try? await Task.sleep(for: .milliseconds(250))
        guard !Task.isCancelled else { return false }
        await late()
        try? await Task.sleep(for: .milliseconds(1750))
        return true
      }
      var isLate = await group.next() ?? false
      group.cancelAll()
      for await outcome in group where outcome { isLate = true }
      return isLate
    }
  }

  /// Says that addresses are about to be given, and asks about them. Whoever waits for the answer is told when it is there.
  private func answerNews() async {
    for await finish in news.stream {
      // A failure is the reporter's to tell.
      try? await reporter.publish()
      if let question = await core.question { _ = await ask(question) }
      finish.finish()
    }
  }

  private func claim() async {
    for object in await core.takeClaims() {
      let name = object.metadata.name ?? ""
      let what = "claiming block \(name)"
      do throws(KubernetesError) {
        _ = try await client.create(Resources.blocks, object)
        await core.forget(what)
        await core.noteBlocks(nil)
        log.info("claimed block \(name)")
      } catch {
        if error.kind == .alreadyExists { await core.forget(what) } else { await core.note(what, error) }
        await core.noteBlocks(error)
        await core.noteClaim(name, failed: error)
      }
    }
  }

  /// - Returns: what kept blocks from being given back.
  private func giveBack() async -> KubernetesError? {
    var failure: KubernetesError?
    let overdue = await core.overdueBlocks
    guard !overdue.isEmpty else { return nil }
    do throws(ObjectFault) {
      // Read after the file was written, and under the store's lock: whoever took an address by the file of before is in it.
      guard let busy = try await StoreView.read(options)?.busy else { return nil }
      for block in overdue where !block.addresses.overlaps(busy) {
        // Deletions take time. An edit may have given its addresses to a pool of this node's own meanwhile.
        guard await core.overdueBlocks.contains(where: { $0.uid == block.uid }) else { continue }
        let what = "giving block \(block.name) back"
        do throws(KubernetesError) {
          try await client.delete(
            Resources.blocks, block.name, preconditions: DeletePreconditions(uid: block.uid))
          await core.forget(what)
          await core.noteBlocks(nil)
          log.info("gave block \(block.name) back")
        } catch {
          if error.kind == .notFound { await core.forget(what) } else { await core.note(what, error) }
          await core.noteBlocks(error)
          if error.kind != .notFound { failure = error }
        }
      }
    } catch {
      // Told and reported there, and tried again.
      await core.take(.failure(error), revision: await core.fileRevision)
    }
    return failure
  }
}
