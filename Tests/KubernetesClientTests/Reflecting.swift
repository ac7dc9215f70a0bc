import KubernetesClient
import KubernetesStandIn
import Synchronization
import Testing

/// What a reflector has told.
final class Seen: Sendable {
  private struct State {
    var objects: [ObjectKey: UnstructuredObject] = [:]
    var lists: [Int] = []
    var failures: [KubernetesError] = []
  }

  private let state = Mutex(State())

  var names: [String] { state.withLock { $0.objects.keys.map(\.name).sorted() } }
  var sizes: [Int64] {
    state.withLock { $0.objects.values.compactMap { $0["spec"]?["size"]?.integer }.sorted() }
  }
  var sizesOfLists: [Int] { state.withLock { $0.lists } }
  var failures: [KubernetesError] { state.withLock { $0.failures } }

  func take(_ event: ReflectorEvent<UnstructuredObject>) {
    state.withLock { state in
      switch event {
      case .listed(let list):
        state.lists.append(list.items.count)
        state.objects = [:]
        for item in list.items { if let key = item.metadata.key { state.objects[key] = item } }
      case .changed(let object): if let key = object.metadata.key { state.objects[key] = object }
      case .deleted(let object): if let key = object.metadata.key { state.objects[key] = nil }
      case .failed(let error, _): state.failures.append(error)
      case .connected: break
      }
    }
  }
}

/// How a server gives a whole collection.
enum Listing: String, CaseIterable {
  /// As the answer to a list, in pages.
  case pages = "list"
  /// As the beginning of a watch.
  case stream
}

/// Runs `body` while a reflector follows the widgets of a stand-in.
func reflecting(
  by listing: Listing = .pages,
  _ change: @escaping @Sendable (inout Reflector<UnstructuredObject>.Options) -> Void = { _ in },
  delay: Duration = .zero,
  _ body: @escaping @Sendable (StandIn, APIClient, Seen) async throws -> Void
) async throws {
  try await withStandIn(alsoWith: { $0.requestTimeout = .seconds(10) }) { server, client, hasty in
    if listing == .stream { server.streamLists() }
    var options = Reflector<UnstructuredObject>.Options()
    options.relistSpread = .milliseconds(100)
    options.backoff = Backoff(initial: .milliseconds(20), longest: .milliseconds(100))
    change(&options)
    let reflector = Reflector(hasty, widgets, options: options, log: quiet)
    let seen = Seen()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        await reflector.run { event in
          if case .changed = event, delay > .zero { try? await Task.sleep(for: delay) }
          seen.take(event)
        }
      }
      group.addTask {
        try await eventually("the first list") { !seen.sizesOfLists.isEmpty }
        try await body(server, client, seen)
      }
      try await group.next()
      group.cancelAll()
    }
  }
}

extension StandIn {
  func count(_ verb: String) -> Int { requests.count { $0.verb == verb } }
  func count(_ listing: Listing) -> Int { count(listing.rawValue) }
}
