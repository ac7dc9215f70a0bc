import Glibc
import IPAM
import Platform

/// Starts the workers, kills some of them, and looks at what they have left.
struct Supervisor {
  let site: Site
  let processes: Int
  let seconds: Int

  init(_ site: Site, processes: Int, seconds: Int) throws {
    self.site = site
    self.processes = processes
    self.seconds = seconds
  }

  /// Runs the workers to their end; meanwhile `kills` of them are killed, and started anew.
  func run(kills: Int) throws {
    var workers = try (0..<processes).map { try worker($0, seconds: seconds) }
    let allocator = try site.allocator()
    let start = MonotonicInstant.now()
    for kill in 0..<kills {
      let due = seconds * 1_000_000 * (kill + 1) / (kills + 1)
      usleep(UInt32(max(Int.random(in: 0..<2000), due - elapsed(start))))
      let victim = Int.random(in: workers.indices)
      try workers[victim].killNow()
      try expectSoundStore(allocator)
      workers[victim] = try worker(victim, seconds: max(1, seconds - elapsed(start) / 1_000_000))
    }
    for (number, worker) in workers.enumerated() {
      let status = try worker.wait()
      guard status == 0 else {
        throw Failure("worker \(number) ended with \(status.map(String.init) ?? "a signal")")
      }
    }
    try expectSoundStore(allocator)
    let lost = try allocator.leases()
    guard lost.isEmpty else { throw Failure("\(lost.count) leases are left over: \(lost)") }
    let claims = try Files.names(in: "\(site.path)/claims")
    guard claims.isEmpty else { throw Failure("claims are left over: \(claims)") }
    let tally = try results()
    print(
      "\(processes) processes, \(elapsed(start) / 1_000_000) s, \(kills) killed: \(tally.given) given, "
        + "\(tally.refused) refused, \(tally.busy) told to try again; slowest answer \(tally.slowest / 1000) ms"
    )
  }

  /// Kills processes while they make the store, of which nobody has seen the beginning.
  func killAtBirth(rounds: Int) throws {
    for round in 0..<rounds {
      let data = "\(site.path)/data"
      for name in (try? Files.names(in: data)) ?? [] { try Files.remove("\(data)/\(name)") }
      for name in try Files.names(in: "\(site.path)/claims") {
        try Files.remove("\(site.path)/claims/\(name)")
      }
      let workers = try (0..<processes).map { try worker($0, seconds: 60) }
      usleep(UInt32.random(in: 0..<30_000))
      for worker in workers { try worker.killNow() }
      let allocator = try site.allocator()
      try expectSoundStore(allocator)
      let request = AllocationRequest(
        attachment: AttachmentID(network: "stress", containerID: "after\(round)", ifname: "eth0"))
      _ = try allocator.allocate(request)
    }
    print("\(rounds) stores survived the death of their makers")
  }

  private func worker(_ number: Int, seconds: Int) throws -> ChildProcess {
    try ChildProcess(["worker", site.path, "\(number)", "\(seconds)"])
  }

  private func elapsed(_ start: MonotonicInstant) -> Int { MonotonicInstant.now().microseconds(since: start) }

  private func expectSoundStore(_ allocator: IPPoolAllocator) throws {
    let contradictions = try allocator.contradictions()
    guard contradictions.isEmpty else { throw Failure("the store contradicts itself: \(contradictions)") }
    let held = try allocator.leases()
    guard Set(held.map(\.address)).count == held.count else { throw Failure("an address is held twice") }
    guard held.count <= Site.poolSize else { throw Failure("more is held than there is") }
  }

  private func results() throws -> Tally {
    let directory = "\(site.path)/results"
    return try Files.names(in: directory).reduce(Tally()) { sum, name in
      sum + (Tally(String(decoding: try Files.read("\(directory)/\(name)"), as: UTF8.self)) ?? Tally())
    }
  }
}
