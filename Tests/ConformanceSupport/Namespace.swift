internal import CConformanceSupport
internal import Glibc
internal import Platform
internal import Synchronization

/// A network namespace of a test, gone with the value.
///
/// setns(2) moves one thread. Everything inside happens on threads that end afterwards, so that no thread
/// of the test runner is ever left in a wrong place; a program that is started there starts in it.
public final class Namespace: Sendable {
  /// What the tests call it: "node", "pod a".
  public let label: String
  /// The path that opens it, as CNI_NETNS has it.
  public let path: String
  /// `nil` after ``destroy()``.
  private let descriptor: Mutex<Int32?>
  /// The process that alone keeps an unnamed namespace.
  private let holder: RunningProgram?

  /// How other processes find the namespace.
  public enum Reach: Sendable {
    /// By a mount `/run/netns/NAME`, as `ip netns add` and container runtimes make it.
    case named(String)
    /// Only by `/proc/PID/ns/net` of a process that lives in it.
    case heldByProcess
  }

  /// Makes a namespace.
  public init(_ label: String, _ reach: Reach) throws {
    self.label = label
    let descriptor = try runOnThread {
      try check("unshare", conformance_new_namespace())
      return try check("open namespace", conformance_open_own_namespace())
    }
    self.descriptor = Mutex(descriptor)
    switch reach {
    case .named(let name):
      path = "/run/netns/\(name)"
      holder = nil
      try Files.makeDirectory("/run/netns")
      try Files.replace(path, with: [])
      try check("mount \(path)", unsafe conformance_mount_namespace(descriptor, path))
    case .heldByProcess:
      let holder = try runOnThread {
        try check("setns", conformance_enter_namespace(descriptor))
        return try RunningProgram("sleep", ["1000"])
      }
      self.holder = holder
      path = "/proc/\(holder.processID)/ns/net"
    }
  }

  deinit { destroy() }

  /// Whether ``destroy()`` was not called yet.
  public var isAlive: Bool { descriptor.withLock { $0 != nil } }

  /// Runs `body` on a thread inside of the namespace.
  public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    guard let descriptor = descriptor.withLock({ $0 }) else {
      throw SupportError("the namespace of \(label) is gone")
    }
    return try runOnThread {
      try check("setns", conformance_enter_namespace(descriptor))
      return try body()
    }
  }

  /// Runs a program inside of the namespace to its end.
  public func execute(
    _ program: String, _ arguments: [String], environment: [String: String] = Program.environment,
    input: [UInt8] = []
  ) throws -> Completion {
    try Program(program, arguments, environment: environment, input: input).run(in: self)
  }

  /// Takes away what keeps the namespace, as a runtime does when the pod ends. The kernel then destroys it,
  /// unless somebody still uses it.
  public func destroy() {
    let descriptor = descriptor.withLock { descriptor in
      defer { descriptor = nil }
      return descriptor
    }
    guard let descriptor else { return }
    if let holder {
      holder.kill()
    } else {
      _ = unsafe conformance_unmount(path)
      try? Files.remove(path)
    }
    close(descriptor)
  }
}

/// A call of the C support that failed.
public struct SupportError: Error, CustomStringConvertible {
  /// What was tried, and why it failed.
  public let description: String

  /// An error with this text.
  public init(_ description: String) { self.description = description }
}

/// The value of a call that answers with a negative errno.
@discardableResult
func check(_ what: String, _ value: Int32) throws -> Int32 {
  guard value >= 0 else { throw SupportError("\(what): \(Errno(rawValue: -value))") }
  return value
}
