internal import ClusterObjects
internal import IPPool
internal import KubernetesClient
internal import Logging

/// Claims blocks of shared pools, and gives back those that are not needed. What is decided is ``AgentCore``'s.
struct BlockKeeper: Sendable {
  let client: APIClient
  let core: AgentCore
  let options: AgentOptions
  let log: Logger

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
        var backoff = options.clearanceBackoff
        var failure: KubernetesError?
        while !Task.isCancelled {
          if await core.question == nil {
            backoff.reset()
            try? await Task.sleep(for: min(options.lookInterval, .milliseconds(250)))
            continue
          }
          // Spread, since each node that shares a new pool asks.
          try? await Task.sleep(for: backoff.next(after: failure))
          failure = if let question = await core.question { await ask(question) } else { nil }
        }
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

  /// Asks how far all nodes have come.
  /// - Returns: what kept it from being told.
  private func ask(_ question: PoolClearance.Question) async -> KubernetesError? {
    do throws(KubernetesError) {
      let reports = try await client.list(Resources.reports)
      await core.answer(question, reports.items.map(NodeStanding.init))
      return nil
    } catch {
      if error.kind != .cancelled {
        log.warning("\(error); until then nothing more is claimed of shared pools")
      }
      return error
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
      let busy = try await StoreView.read(options).busy
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
