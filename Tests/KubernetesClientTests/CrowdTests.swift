import Glibc
import KubernetesClient
import KubernetesStandIn
import Synchronization
import Testing

/// A server with many objects, and with many clients.
@Suite struct CrowdTests {
  @Test("five hundred clients hear of a change, and each lists once more when their versions are gone")
  func clients() async throws {
    raiseFileLimit()
    let crowd = 500
    try await withStandIn { server, administrator in
      for name in 0..<10 { _ = try await administrator.create(widgets, widget("w\(name)")) }
      let seen = Counts()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<crowd {
          group.addTask {
            try await withClient(of: server) { client in
              var options = Reflector<UnstructuredObject>.Options()
              options.relistSpread = .seconds(5)
              options.backoff = Backoff(initial: .milliseconds(100), longest: .seconds(1))
              await Reflector(client, widgets, options: options, log: quiet).run { seen.take($0) }
            }
          }
        }
        group.addTask {
          try await eventually("all have listed") { seen.now.lists == crowd }
          try await eventually("all watch") { seen.now.connections == crowd }
          _ = try await administrator.mergePatch(
            widgets, "w0", namespace: "a", patch: ["spec": ["size": 2]] as FieldValue)
          try await eventually("all have heard") { seen.now.changes == crowd }
          await server.restart()
          try await eventually("all have listed again") { seen.now.lists == 2 * crowd }
          try await eventually("all watch again") { seen.now.connections >= 2 * crowd }
          // A list each, and no object that is not there.
          #expect(server.count("list") == 2 * crowd)
          #expect(seen.now.sizes == [10])
        }
        for try await _ in group { break }
        group.cancelAll()
      }
    }
  }

  @Test("a thousand objects come in pages, while they change", arguments: Listing.allCases)
  func objects(_ listing: Listing) async throws {
    try await reflecting(by: listing, { $0.pageSize = 70 }) { server, client, seen in
      for number in 0..<1000 { _ = try await client.create(widgets, widget("w\(number)")) }
      try await eventually("all") { seen.names.count == 1000 }
      server.order(FaultRule(.slow(milliseconds: 50), to: listing.rawValue, times: nil))
      await server.restart()
      for number in 0..<1000 where number.isMultiple(of: 10) {
        try await client.delete(widgets, "w\(number)", namespace: "a")
      }
      let left = (0..<1000).filter { !$0.isMultiple(of: 10) }.map { "w\($0)" }.sorted()
      try await eventually("those that are left, of a second list") {
        seen.sizesOfLists.count >= 2 && seen.names == left
      }
      #expect(seen.failures.isEmpty)
    }
  }
}

/// A client with connections of its own, as each agent has.
private func withClient(
  of server: StandIn, _ body: @escaping @Sendable (APIClient) async throws -> Void
) async throws {
  try await withDirectory { directory in
    let path = directory + "/kubeconfig"
    try write(server.kubeconfig, to: path)
    try await APIClient.withClient(
      ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test"), log: quiet, body)
  }
}

/// What all clients together have been told.
private final class Counts: Sendable {
  struct Numbers {
    var lists = 0
    var connections = 0
    var changes = 0
    var sizes: Set<Int> = []
  }

  private let state = Mutex(Numbers())

  var now: Numbers { state.withLock { $0 } }

  func take(_ event: ReflectorEvent<UnstructuredObject>) {
    state.withLock { numbers in
      switch event {
      case .listed(let list):
        numbers.lists += 1
        numbers.sizes.insert(list.items.count)
      case .connected: numbers.connections += 1
      case .changed: numbers.changes += 1
      case .deleted, .failed: break
      }
    }
  }
}

/// Server and clients are one process here, which has two descriptors for each connection: more than the usual 1,024.
private func raiseFileLimit() {
  var limit = rlimit()
  guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
