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
    _ = running.finish(feeding: input, seconds: 30, command: executable)
    try kill.value()
  }
}
