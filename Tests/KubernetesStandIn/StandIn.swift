internal import Hummingbird
public import KubernetesClient
internal import Logging
internal import NIOCore
internal import Synchronization

/// An API server that does on command what a real one does when it pleases.
///
/// It listens on a port of loopback, without TLS. Tokens: `admin` may do everything, `nobody` nothing, others are
/// unknown.
public final class StandIn: Sendable {
  let store = StandInStore()
  let state: Mutex<State>

  struct State {
    var rules: [FaultRule] = []
    var tokens: [String: Bool] = ["admin": true, "nobody": false]
    var requests: [RecordedRequest] = []
    var streamsLists = false
    /// What comes between the objects of a collection and the bookmark that ends them.
    var linesBeforeEnd: [String] = []
    var port = 0
  }

  /// A request that came.
  public struct RecordedRequest: Sendable {
    /// The verb, as roles name it.
    public var verb: String
    /// The path.
    public var path: String
    /// The parameters.
    public var query: [String: String]
    /// When it came.
    public var at: ContinuousClock.Instant
  }

  private init() { state = Mutex(State()) }

  /// Runs `body` with a server that has the collections of ``Probe``, the client's own, and those given, each with or
  /// without a status subresource.
  public static func run<Outcome: Sendable>(
    serving more: [(resource: Resource<UnstructuredObject>, hasStatus: Bool)] = [],
    _ body: @escaping @Sendable (StandIn) async throws -> Outcome
  ) async throws -> Outcome {
    let server = StandIn()
    for collection in [
      StandInStore.Collection(
        group: "example.dev", version: "v1", plural: "widgets", kind: "Widget", hasStatus: true,
        isCustom: true),
      StandInStore.Collection(
        group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", hasStatus: false, isCustom: false),
      StandInStore.Collection(
        group: "", version: "v1", plural: "events", kind: "Event", hasStatus: false, isCustom: false),
      StandInStore.Collection(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", hasStatus: false,
        isCustom: false),
    ] {
      await server.store.declare(collection)
    }
    for (resource, hasStatus) in more {
      await server.store.declare(
        StandInStore.Collection(
          group: resource.group, version: resource.version, plural: resource.plural, kind: resource.kind,
          hasStatus: hasStatus, isCustom: !resource.group.isEmpty))
    }
    var log = Logger(label: "stand-in")
    // That connections end with their server is no news.
    log.logLevel = .critical
    let (listening, started) = AsyncStream.makeStream(of: (any Channel).self)
    let application = Application(
      responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
        await server.respond(request)
      },
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in started.yield(channel) },
      logger: log)
    return try await withThrowingTaskGroup(of: Outcome?.self) { group in
      group.addTask {
        // Without signals: it ends when it is cancelled.
        try await application.run()
        return nil
      }
      group.addTask {
        for await channel in listening {
          server.state.withLock { $0.port = channel.localAddress?.port ?? 0 }
          let outcome: Result<Outcome, any Error>
          do { outcome = .success(try await body(server)) } catch { outcome = .failure(error) }
          // NIO ends the process when a server ends that has just accepted a connection: none is accepted any more, and those
          // that were get to where they are served.
          try? await channel.setOption(ChannelOptions.autoRead, value: false).get()
          try? await Task.sleep(for: .milliseconds(20))
          try? await channel.close()
          return try outcome.get()
        }
        return nil
      }
      defer { group.cancelAll() }
      while let outcome = try await group.next() {
        if let outcome { return outcome }
      }
      throw CancellationError()
    }
  }

  /// Where it listens.
  public var address: String { "http://127.0.0.1:\(state.withLock { $0.port })" }

  /// The requests that came so far.
  public var requests: [RecordedRequest] { state.withLock { $0.requests } }

  /// Orders a fault.
  public func order(_ rule: FaultRule) { state.withLock { $0.rules.append(rule) } }

  /// Takes back all that was ordered.
  public func behave() { state.withLock { $0.rules = [] } }

  /// Begins watches with the collection where that is asked for, as servers since 1.34 do.
  ///
  /// - Parameter lines: events that come before the bookmark that ends the collection: what changes meanwhile.
  public func streamLists(withChanges lines: [String] = []) {
    state.withLock { ($0.streamsLists, $0.linesBeforeEnd) = (true, lines) }
  }

  /// Makes a token known or unknown.
  public func setToken(_ token: String, isKnown: Bool) {
    state.withLock { $0.tokens[token] = isKnown ? true : nil }
  }

  /// Restarts: versions of before cannot be watched from.
  public func restart() async { await store.forget() }

  /// Counts so many versions on, as writes to other collections do.
  public func skip(versions: Int) async { await store.skip(versions) }

  /// What a backup holds.
  public struct Backup: Sendable { let content: StandInStore.Backup }

  /// Makes a backup.
  public func backUp() async -> Backup { Backup(content: await store.backUp()) }

  /// Goes back to a backup.
  public func restore(_ backup: Backup) async { await store.restore(backup.content) }
}

extension StandIn {
  /// A kubeconfig for it, of one who may do everything.
  public var kubeconfig: String {
    """
    apiVersion: v1
    kind: Config
    clusters: [{name: c, cluster: {server: "\(address)"}}]
    users: [{name: u, user: {token: admin}}]
    contexts: [{name: x, context: {cluster: c, user: u}}]
    current-context: x
    """
  }
}
