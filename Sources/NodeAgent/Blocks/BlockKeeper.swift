internal import ClusterObjects
internal import IPPool
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
  /// Requests to ask about what is new, each with what to finish when that is done.
  private let news = AsyncStream.makeStream(of: AsyncStream<Void>.Continuation.self)

  /// Runs until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in core.blockChanges {
          await claim()
          await giveBack()
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
    var failure: KubernetesError?
    var news = await core.newsCount
    while !Task.isCancelled {
      guard let open = await core.question else {
        backoff.reset()
        ownBackoff.reset()
        try? await Task.sleep(for: min(options.lookInterval, .milliseconds(250)))
        continue
      }
      // Spread, since each node that shares a new pool asks.
      let wait = open.pools == nil ? ownBackoff.next(after: failure) : backoff.next(after: failure)
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
      if await core.answer(question, reports.items.map(NodeStanding.init)) { await core.poke() }
      return nil
    } catch {
      if error.kind != .cancelled {
        log.warning("\(error); until then no addresses are claimed, and none given that are new to this node")
      }
      return error
    }
  }

  /// Asks about addresses that are about to be given for the first time. Where no answer comes in time the file is written
  /// without them, and once more when it comes.
  func askAboutNews() async {
    let (answered, finish) = AsyncStream.makeStream(of: Void.self)
    news.continuation.yield(finish)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in answered {} }
      group.addTask { try? await Task.sleep(for: .seconds(2)) }
      await group.next()
      group.cancelAll()
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
      do throws(KubernetesError) {
        _ = try await client.create(Resources.blocks, object)
        log.info("claimed block \(name)")
      } catch {
        if error.kind != .alreadyExists, error.kind != .cancelled { log.warning("\(error)") }
        await core.noteClaim(name, failed: error)
      }
    }
  }

  private func giveBack() async {
    let overdue = await core.overdueBlocks
    guard !overdue.isEmpty else { return }
    do throws(ObjectFault) {
      // Read after the file was written, and under the store's lock: whoever took an address by the file of before is in it.
      guard let busy = try await StoreView.read(options)?.busy else { return }
      for block in overdue where !block.addresses.overlaps(busy) {
        do throws(KubernetesError) {
          try await client.delete(
            Resources.blocks, block.name, preconditions: DeletePreconditions(uid: block.uid))
          log.info("gave block \(block.name) back")
        } catch {
          if error.kind != .notFound, error.kind != .cancelled { log.warning("\(error)") }
        }
      }
    } catch {
      log.warning("\(error.problem)")
    }
  }
}
