internal import Glibc
internal import JSON
internal import Synchronization

/// Work on several threads at once.
public enum Concurrently {
  /// The results of `body` for each element, in their order; all calls run at once.
  public static func map<Element: Sendable, Value: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Value
  ) throws -> [Value] {
    let jobs = try elements.map { element in try StartedJob { try body(element) } }
    return try jobs.map { try $0.value() }
  }

  /// Does `work` over and over while `body` runs, at least once.
  ///
  /// - Returns: what `body` returned.
  public static func repeating<Value>(
    _ work: @escaping @Sendable () throws -> Void, during body: () throws -> Value
  ) throws -> Value {
    let isDone = Flag()
    let job = try StartedJob {
      repeat { try work() } while !isDone.isSet
    }
    let result = Result { try body() }
    isDone.set()
    try job.value()
    return try result.get()
  }

  /// Does `work` once while `body` runs.
  ///
  /// - Returns: what `body` returned.
  public static func beside<Value>(
    _ work: @escaping @Sendable () throws -> Void, _ body: () throws -> Value
  ) throws -> Value {
    let job = try StartedJob { try work() }
    let result = Result { try body() }
    try job.value()
    return try result.get()
  }
}

private final class Flag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }

  func set() { value.store(true, ordering: .relaxed) }
}

extension PodAttachment {
  /// Starts an ADD and kills it after a while, as the kernel does when memory is short.
  public func addAndKill(afterMicroseconds time: UInt32) throws {
    let (executable, variables) = (plugin.executable, variables(.add))
    let input = JSONValue.object(document(.add)).serialized()
    let running = try node.namespace.run {
      try RunningProgram(executable, [], environment: variables, redirects: true)
    }
    let kill = try StartedJob {
      usleep(time)
      running.terminate()
    }
    _ = running.finish(feeding: input, seconds: 2 * patience, command: executable)
    try kill.value()
  }
}
