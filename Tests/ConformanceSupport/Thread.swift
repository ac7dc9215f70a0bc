internal import Glibc

/// Runs `body` on a thread of its own and waits for its end.
///
/// For what changes the thread itself, such as its namespace: the change ends with the thread.
func runOnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
  try StartedJob(body).value()
}

/// Work that a thread of its own does beside the test.
struct StartedJob<Value: Sendable> {
  private let job: Job<Value>
  private let thread: pthread_t

  /// Starts the work.
  init(_ body: @escaping @Sendable () throws -> Value) throws {
    job = Job { Result { try body() } }
    thread = try start(job)
  }

  /// Waits for the end of the work; to be called once.
  func value() throws -> Value {
    pthread_join(thread, nil)
    guard let result = job.result else { throw SupportError("a thread ended without a result") }
    return try result.get()
  }
}

/// Runs `body` on a thread of its own, beside the test.
public func startOnThread(_ body: @escaping @Sendable () -> Void) throws {
  pthread_detach(try start(Job { .success(body()) }))
}

private func start(_ job: some Runnable) throws -> pthread_t {
  let argument = unsafe Unmanaged.passRetained(job as any Runnable as AnyObject).toOpaque()
  var thread = pthread_t()
  let status = unsafe pthread_create(
    &thread, nil,
    { argument in
      guard let argument = unsafe argument else { return nil }
      (unsafe Unmanaged<AnyObject>.fromOpaque(argument).takeRetainedValue() as? any Runnable)?.run()
      return nil
    }, argument)
  guard status == 0 else { throw SupportError("cannot start a thread: error \(status)") }
  return thread
}

private protocol Runnable: AnyObject { func run() }

/// The closure and, after the thread has ended, its result. `pthread_join` orders the accesses.
private final class Job<Value: Sendable>: Runnable, @unchecked Sendable {
  private let body: @Sendable () -> Result<Value, any Error>
  private(set) var result: Result<Value, any Error>?

  init(_ body: @escaping @Sendable () -> Result<Value, any Error>) { self.body = body }

  func run() { result = body() }
}
