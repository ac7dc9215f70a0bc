internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// How long a watch lasts.
public struct WatchLimits: Sendable, Hashable {
  /// After which time the server ends it. A watch outlives the token that opened it, so this bounds for how long a
  /// revoked token is of use.
  public var duration: Duration
  /// After which time without a byte from the server the connection counts as dead. Servers send a bookmark about once
  /// a minute.
  public var idle: Duration

  /// Limits of a watch.
  public init(duration: Duration, idle: Duration = .seconds(120)) {
    self.duration = duration
    self.idle = idle
  }
}

extension APIClient {
  /// Follows a collection from a version on, on a connection of its own, until the server ends the watch.
  ///
  /// - Parameter resourceVersion: `nil` asks for the whole collection first, each object as one that was added, and then a
  ///   bookmark that says so (a streaming list; on by default since Kubernetes 1.34). Servers that do not know this refuse it
  ///   with ``KubernetesError/Kind/invalid`` or ``KubernetesError/Kind/badRequest``.
  /// - Parameter onOpen: called once when the server has accepted the watch.
  /// - Parameter onEvent: called for each change, one after the other.
  /// - Throws: ``KubernetesError``: of the kind ``KubernetesError/Kind/expired`` when the server no longer has that
  ///   version, ``KubernetesError/Kind/timedOut`` when nothing has come for ``WatchLimits/idle``. The changes until
  ///   then have been delivered.
  public func watch<Object>(
    _ resource: Resource<Object>, namespace: String? = nil, _ selection: Selection = .all,
    from resourceVersion: String?, limits: WatchLimits, onOpen: @escaping @Sendable () async -> Void = {},
    onEvent: @escaping @Sendable (WatchEvent<Object>) async -> Void
  ) async throws(KubernetesError) {
    let seconds = max(1, limits.duration.components.seconds)
    let request = APIRequest(
      method: .GET, path: resource.path(namespace: namespace),
      query: selection.query + [
        ("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", String(seconds)),
      ]
        + (resourceVersion.map { [("resourceVersion", $0)] }
          ?? [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]),
      action: "watch \(resource.subject(namespace: namespace))")
    let idle = IdleClock()
    // Opening counts as waiting, and so does a server that does not end the watch when it should.
    let outcome = await idle.watching(limit: limits.idle, total: .seconds(seconds) + limits.idle) {
      () async -> Result<Void, KubernetesError> in
      do throws(KubernetesError) {
        try await withResponse(request, limit: nil) { response, settings throws(KubernetesError) in
          try await follow(request, response, settings, idle, onOpen: onOpen, onEvent: onEvent)
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    guard let outcome else {
      throw KubernetesError(
        .timedOut, action: request.action, problem: "nothing came from the server for \(limits.idle)")
    }
    try outcome.get()
  }

  private func follow<Object: KubernetesObject>(
    _ request: APIRequest, _ response: HTTPClientResponse, _ settings: ServerSettings, _ idle: IdleClock,
    onOpen: @Sendable () async -> Void, onEvent: @Sendable (WatchEvent<Object>) async -> Void
  ) async throws(KubernetesError) {
    do {
      guard response.status == .ok else {
        let body = try await response.body.collect(upTo: 1024 * 1024)
        throw request.refusal(response, Array(body.readableBytesView))
      }
      idle.pause()
      await onOpen()
      idle.resume()
      var lines = LineSplitter(longest: 16 * 1024 * 1024)
      for try await chunk in response.body {
        idle.pause()
        guard let complete = lines.append(chunk.readableBytesView) else {
          throw KubernetesError(.undecodable, action: request.action, problem: "an event is too long")
        }
        for line in complete {
          switch try decode(WatchFrame<Object>.self, request, line).content {
          case .event(let event): await onEvent(event)
          case .error(let status):
            throw KubernetesError(
              action: request.action, code: status.code ?? 500, status: status, retryAfter: nil)
          }
        }
        idle.resume()
      }
      if lines.isInsideLine {
        throw KubernetesError(
          .unreachable, action: request.action, problem: "the watch ended in the middle of an event")
      }
    } catch {
      throw request.failure(error, settings)
    }
  }
}

/// Notices that nothing has come for too long. The time in which events are worked on does not count.
final class IdleClock: Sendable {
  private let waitingSince = Mutex<ContinuousClock.Instant?>(.now)

  func pause() { waitingSince.withLock { $0 = nil } }
  func resume() { waitingSince.withLock { $0 = .now } }

  /// Runs `work`; `nil` when it waited longer than `limit`, or took longer than `total`, and was cancelled.
  func watching<Value: Sendable>(
    limit: Duration, total: Duration, _ work: @escaping @Sendable () async -> Value
  ) async -> Value? {
    let end = ContinuousClock.now + total
    return await run(work) {
      while true {
        let now = ContinuousClock.now
        let last = self.waitingSince.withLock { $0 }
        let due = min(end, (last ?? now) + limit)
        if last != nil, now >= due { return }
        try await Task.sleep(until: max(due, now + .milliseconds(10)), clock: .continuous)
      }
    }
  }
}
