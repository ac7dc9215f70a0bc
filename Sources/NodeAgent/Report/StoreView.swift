internal import Addressing
internal import ClusterObjects
internal import IPAM
internal import JSON
internal import NIOPosix
internal import Platform

/// What the plugin's lease store and the pools of the node's files say.
struct StoreView: Sendable, Hashable {
  struct Pool: Sendable, Hashable {
    var name: String
    /// It is one of the file that the agent writes.
    var isFromCluster: Bool
    var total: UInt128
    var held: UInt128
    var cooling: UInt128
    var free: UInt128
    /// Held addresses that the pool has no more.
    var outside: [IPAddress]
  }

  struct Record: Sendable, Hashable {
    var address: IPAddress
    var pool: String
    var pod: String?
    var podUID: String?
    /// The pool that the address was given by, where the name stands for another one since: see ``FormerPools``.
    var poolUID: String?
  }

  var pools: [Pool] = []
  var records: [Record] = []
  /// Addresses that pods hold, and those that rest.
  var busy = AddressSet()
  /// Whether a pool of the node, of whatever file, is for pods or namespaces with certain labels.
  var asksForLabels = false
  /// Documents of the agent's own file that the plugin does not use, by the pool's position in it.
  var refusals: [Int: String] = [:]
}

extension StoreView {
  /// Reads both, away from the threads that tasks run on: others may hold the store's lock for seconds.
  /// - Returns: `nil` when the task was cancelled: nothing is wrong with the leases then.
  /// - Throws: ``ObjectFault`` when the leases cannot be read.
  static func read(_ options: AgentOptions) async throws(ObjectFault) -> StoreView? {
    let result: Result<StoreView, ObjectFault>
    do {
      result = try await NIOThreadPool.singleton.runIfActive {
        do throws(ObjectFault) { return .success(try StoreView(options)) } catch { return .failure(error) }
      }
    } catch {
      guard !Task.isCancelled else { return nil }
      throw ObjectFault(problem: "\(error)")
    }
    return try result.get()
  }

  private init(_ options: AgentOptions) throws(ObjectFault) {
    do {
      let allocator = try IPPoolAllocator(
        JSONFields([
          "poolDir": .string(options.poolDirectory), "dataDir": .string(options.dataDirectory),
          "nodeName": .string(options.nodeName),
        ]), network: "ipvlan", environment: Environment()
      ).inThreads()
      let (survey, leases) = (try allocator.survey(), try allocator.leases())
      let file = PoolFile(directory: options.poolDirectory).path
      let held = leases.filter { $0.release == nil }
      pools = survey.pools.map { report in
        let pool = report.count.pool
        return Pool(
          name: pool.name, isFromCluster: pool.source.file == file, total: report.count.total,
          held: report.count.held, cooling: report.count.cooling, free: report.count.free,
          outside: held.filter { $0.pool == pool.name && !pool.addresses.contains($0.address) }.map(\.address)
        )
      }
      busy = AddressSet(leases.map { IPRange($0.address) })
      asksForLabels = !survey.asksForLabels.isEmpty
      records = held.map { Record(address: $0.address, pool: $0.pool, pod: $0.pod, podUID: $0.podUID) }
      for fault in survey.faults where fault.file == file {
        guard let position = Self.position(fault.problem) else { continue }
        refusals[position] = fault.problem
      }
    } catch let error as AllocationError {
      throw ObjectFault(problem: error.text)
    } catch {
      throw ObjectFault(problem: "\(error)")
    }
  }

  /// The item that a fault of a List is about: `key "items[3].spec.subnet" ...`.
  private static func position(_ problem: String) -> Int? {
    let start = "key \"items["
    guard problem.hasPrefix(start), let end = problem.firstIndex(of: "]") else { return nil }
    return Int(problem[problem.index(problem.startIndex, offsetBy: start.count)..<end])
  }
}

/// Tells whether somebody has changed the leases since the last look, by what the file system says of their file.
struct StoreWatch: Sendable {
  private let directory: String
  private var seen: [String: FileStatus]?

  init(directory: String) { self.directory = directory }

  /// Whether there is something new, or nobody can tell.
  mutating func hasChanged() -> Bool {
    let now = Self.look(directory)
    defer { seen = now }
    return seen == nil || now != seen
  }

  private static func look(_ path: String) -> [String: FileStatus]? {
    guard let directory = try? Directory(opening: path) else { return [:] }
    guard let names = try? directory.names() else { return nil }
    var found: [String: FileStatus] = [:]
    for name in names where name.hasPrefix("leases-") { found[name] = try? directory.status(of: name) }
    return found
  }
}
