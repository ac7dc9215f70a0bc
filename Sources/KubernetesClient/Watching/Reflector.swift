public import Logging
internal import Synchronization

/// What a reflector has to tell.
public enum ReflectorEvent<Object: KubernetesObject>: Sendable {
  /// The whole collection at one moment: an object that is not in it does not exist. Comes first, and again whenever the
  /// thread was lost.
  case listed(ResourceList<Object>)
  /// The server has accepted a watch: from here on changes arrive.
  case connected
  /// An object is new or has changed.
  case changed(Object)
  /// An object is gone.
  case deleted(Object)
  /// The collection could not be read or followed. The reflector tries again after `retry`. Until then nothing is known but
  /// what earlier events said.
  case failed(KubernetesError, retry: Duration)
}

/// Mirrors a collection: lists it, follows it, and finds back to it after every failure.
///
/// The list comes as the beginning of the watch where the server can do that: the answer to a list is made whole in the
/// server's memory for each client, and after a restart all clients ask at once. Elsewhere it is read in pages.
///
/// A list that fails, is cut short or refused is reported as ``ReflectorEvent/failed(_:retry:)`` and never as an empty
/// collection. A watch that ends, breaks or falls silent goes on from the version it had reached; when the server no longer
/// has that version, or may have been restored to an older state, the collection is listed again.
public struct Reflector<Object: KubernetesObject>: Sendable {
  /// Times and sizes.
  public struct Options: Sendable, Hashable {
    /// How many objects a page holds.
    public var pageSize = 500
    /// Within which bounds the duration of a watch is chosen, in seconds.
    public var watchSeconds = 240...480
    /// After which time without a byte, of a change or a bookmark, a watch counts as dead.
    public var idleLimit: Duration = .seconds(120)
    /// Over which time lists are spread after all watches were refused: a server that was restarted refuses those of
    /// all its clients at once.
    public var relistSpread: Duration = .seconds(10)
    /// When to try again.
    public var backoff = Backoff()
    /// How long a watch must have lasted for the next failure to count as the first.
    public var healthyAfter: Duration = .seconds(10)

    /// The usual times and sizes.
    public init() {}
  }

  private let client: APIClient
  private let resource: Resource<Object>
  private let namespace: String?
  private let selection: Selection
  private let options: Options
  private let log: Logger

  /// A reflector of the objects that `selection` chooses.
  public init(
    _ client: APIClient, _ resource: Resource<Object>, namespace: String? = nil,
    _ selection: Selection = .all,
    options: Options = Options(), log: Logger = Logger(label: "kubernetes-client")
  ) {
    self.client = client
    self.resource = resource
    self.namespace = namespace
    self.selection = selection
    self.options = options
    self.log = log
  }

  /// Follows the collection until the task is cancelled. `deliver` is called for one event after the other.
  public func run(_ deliver: @escaping @Sendable (ReflectorEvent<Object>) async -> Void) async {
    var backoff = options.backoff
    var streams = true
    var knowsStreams = true
    while !Task.isCancelled {
      do throws(KubernetesError) {
        var version: String?
        if !streams {
          let list = try await client.list(
            resource, namespace: namespace, selection, pageSize: options.pageSize)
          await deliver(.listed(list))
          version = list.resourceVersion
        }
        switch try await follow(from: version, &backoff, deliver) {
        case .versionLost:
          streams = knowsStreams
          try? await Task.sleep(for: .random(below: options.relistSpread))
        case .streamRefused(let isForGood): (streams, knowsStreams) = (false, !isForGood)
        }
      } catch {
        guard error.kind != .cancelled else { return }
        await pause(error, &backoff, deliver)
      }
    }
  }

  /// Why the collection has to be listed again.
  private enum Interruption {
    case versionLost
    /// The server does not begin a watch with the collection; where that is not for good it is asked again after the next
    /// loss.
    case streamRefused(isForGood: Bool)
  }

  /// Watches again and again, until the collection has to be listed again; throws only when it is cancelled.
  private func follow(
    from version: String?, _ backoff: inout Backoff,
    _ deliver: @escaping @Sendable (ReflectorEvent<Object>) async -> Void
  ) async throws(KubernetesError) -> Interruption {
    let position = Position<Object>(version)
    while !Task.isCancelled {
      let began = ContinuousClock.now
      position.open = false
      position.moved = false
      position.forgetBeginning()
      let isWhole = position.version == nil
      let duration = Duration.seconds(Int.random(in: options.watchSeconds))
      let limits = WatchLimits(
        duration: duration, idle: options.idleLimit)
      do throws(KubernetesError) {
        try await client.watch(
          resource, namespace: namespace, selection, from: position.version, limits: limits,
          onOpen: {
            position.open = true
            if !isWhole { await deliver(.connected) }
          },
          onEvent: { event in
            position.moved = true
            // The collection counts when all of it is there.
            if position.version == nil {
              guard let list = position.collect(event) else { return }
              await deliver(.listed(list))
              return await deliver(.connected)
            }
            if let version = event.resourceVersion { position.version = version }
            position.isDoubtful = false
            switch event {
            case .added(let object), .modified(let object): await deliver(.changed(object))
            case .deleted(let object): await deliver(.deleted(object))
            case .bookmark: break
            }
          })
        if position.version == nil {
          // It took what it does not know for a watch like any other.
          if ContinuousClock.now - began > duration - .seconds(1) { return .streamRefused(isForGood: true) }
          throw KubernetesError(
            .unreachable, action: "watch \(resource.qualifiedName)",
            problem: "the server ended it before the collection was complete")
        }
        // The usual end. One that comes at once is a failure in disguise, and must not become a busy loop.
        if ContinuousClock.now - began < .seconds(1), !position.moved {
          throw KubernetesError(
            .unreachable, action: "watch \(resource.qualifiedName)", problem: "the server ended it at once")
        }
        backoff.reset()
        // The server itself has ended: who answers next may be one that was restored.
        if ContinuousClock.now - began < duration - .seconds(1) { position.isDoubtful = true }
      } catch {
        switch error.kind {
        case .cancelled: throw error
        // As the answer, or, from 1.34 on with etcd before 3.4.31, in a stream that it has begun.
        case _ where isWhole && position.version == nil && error.refusesStream:
          log.debug("\(error): listing in pages")
          return .streamRefused(isForGood: error.kind != .serverFailed)
        // It does not know what it was asked for, and waits for changes.
        case .timedOut where position.open && position.version == nil:
          log.debug("\(error): listing in pages")
          return .streamRefused(isForGood: false)
        case .expired:
          log.info("\(error): listing again")
          return .versionLost
        // Not even a bookmark came. Servers send none where no object of the collection has changed since the watch began,
        // unless etcd tells them that it is alive. A new watch goes on from here, and tells what a dead connection
        // has kept from us.
        case .timedOut where position.open && !position.isDoubtful:
          log.debug("\(error): watching anew")
        // The server has been away before: if it was restored to a state before this version, it is silent until it gets
        // there again.
        case .timedOut where position.open:
          log.info("\(error): listing again")
          return .versionLost
        default:
          position.isDoubtful = true
          if ContinuousClock.now - began > options.healthyAfter { backoff.reset() }
          await pause(error, &backoff, deliver)
          // A change that cannot be read is passed over by listing, where it shows as what it is.
          if error.kind == .undecodable { return .versionLost }
        }
      }
    }
    return .versionLost
  }

  private func pause(
    _ error: KubernetesError, _ backoff: inout Backoff,
    _ deliver: @Sendable (ReflectorEvent<Object>) async -> Void
  ) async {
    let wait = backoff.next(after: error)
    await deliver(.failed(error, retry: wait))
    try? await Task.sleep(for: wait)
  }
}

extension KubernetesError {
  /// Whether a watch that begins with the collection may be more than the server can. Where its etcd is too old it says 500. If it
  /// cannot answer at all, a list will tell.
  fileprivate var refusesStream: Bool { kind == .invalid || kind == .badRequest || status?.code == 500 }
}

/// How far a watch has come.
private final class Position<Object: KubernetesObject>: Sendable {
  private struct State {
    var version: String?
    var beginning: [ObjectKey: Object] = [:]
    var open = false
    var moved = false
    var isDoubtful = false
  }

  private let state: Mutex<State>

  init(_ version: String?) { state = Mutex(State(version: version)) }

  /// What has come of the collection counts for nothing.
  func forgetBeginning() { state.withLock { $0.beginning = [:] } }

  /// Takes an event of the beginning of a watch: the collection as the server has it in memory, and changes that happen while
  /// that is sent.
  /// - Returns: the collection, when this event says that it is complete; it is followed from there.
  func collect(_ event: WatchEvent<Object>) -> ResourceList<Object>? {
    state.withLock { state in
      switch event {
      case .added(let object), .modified(let object):
        if let key = object.metadata.key { state.beginning[key] = object }
      case .deleted(let object): if let key = object.metadata.key { state.beginning[key] = nil }
      case .bookmark(let version, endsInitialEvents: true):
        let items = state.beginning.sorted { $0.key < $1.key }.map(\.value)
        (state.version, state.beginning, state.isDoubtful) = (version, [:], false)
        return ResourceList(items: items, resourceVersion: version)
      case .bookmark: break
      }
      return nil
    }
  }

  /// Where the watch goes on; `nil` until the whole collection has come.
  var version: String? {
    get { state.withLock { $0.version } }
    set { state.withLock { $0.version = newValue } }
  }

  /// Whether the server has accepted the watch.
  var open: Bool {
    get { state.withLock { $0.open } }
    set { state.withLock { $0.open = newValue } }
  }

  /// Whether the server may know less than this version, since it was away.
  var isDoubtful: Bool {
    get { state.withLock { $0.isDoubtful } }
    set { state.withLock { $0.isDoubtful = newValue } }
  }

  /// Whether an event has come.
  var moved: Bool {
    get { state.withLock { $0.moved } }
    set { state.withLock { $0.moved = newValue } }
  }
}
