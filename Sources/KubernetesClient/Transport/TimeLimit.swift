/// Runs `work`, and cancels it when it takes longer than `limit`: then the outcome is `nil`.
func within<Value: Sendable>(
  _ limit: Duration, _ work: @escaping @Sendable () async -> Value
) async -> Value? {
  await run(work) { try await Task.sleep(for: limit) }
}

/// Runs `work`, and cancels it when `timer` returns first: then the outcome is `nil`. `timer` throws when it is cancelled.
func run<Value: Sendable>(
  _ work: @escaping @Sendable () async -> Value, unless timer: @escaping @Sendable () async throws -> Void
) async -> Value? {
  await withTaskGroup(of: Ending<Value>.self) { group in
    group.addTask { .done(await work()) }
    group.addTask {
      do { try await timer() } catch { return .cancelled }
      return .elapsed
    }
    defer { group.cancelAll() }
    for await ending in group {
      switch ending {
      case .done(let value): return value
      case .elapsed: return nil
      // The work is cancelled too, ends by itself and says so.
      case .cancelled: continue
      }
    }
    return nil
  }
}

private enum Ending<Value: Sendable>: Sendable {
  case done(Value)
  case elapsed
  case cancelled
}
