import Glibc
import IPAM
import Platform

/// Allocates and releases for a few attachments, as fast as it can, until its time is over.
struct Worker {
  private static let attachments = 4

  private let number: Int
  private let seconds: Int
  private let allocator: IPPoolAllocator
  private let claims: Claims
  private let results: String

  init(_ site: Site, number: Int, seconds: Int) throws {
    self.number = number
    self.seconds = seconds
    allocator = try site.allocator()
    claims = Claims(directory: "\(site.path)/claims")
    results = "\(site.path)/results"
  }

  func run() throws {
    var tally = Tally()
    var held = [String?](repeating: nil, count: Self.attachments)
    // One that was killed before has left leases and claims: asking again gives the same addresses.
    for index in held.indices { held[index] = try allocate(index, &tally) }
    let start = MonotonicInstant.now()
    while MonotonicInstant.now().microseconds(since: start) < seconds * 1_000_000 {
      let index = Int.random(in: held.indices)
      if let address = held[index] {
        try release(index, address, &tally)
        held[index] = nil
      } else {
        held[index] = try allocate(index, &tally)
      }
    }
    for (index, address) in held.enumerated() {
      if let address { try release(index, address, &tally) }
    }
    try Files.replace("\(results)/\(number)-\(getpid())", with: Array(tally.description.utf8))
  }

  private func allocate(_ index: Int, _ tally: inout Tally) throws -> String? {
    let start = MonotonicInstant.now()
    defer { tally.slowest = max(tally.slowest, MonotonicInstant.now().microseconds(since: start)) }
    do throws(AllocationError) {
      let allocation = try allocator.allocate(request(index))
      guard let address = allocation.assignments.first?.address.address.description else {
        throw AllocationError(.exhausted, "an allocation without an address")
      }
      tally.given += 1
      do { try claims.claim(address, for: "\(request(index).attachment)") } catch {
        throw AllocationError(.notHeld, "\(error)")
      }
      return address
    } catch {
      switch error.kind {
      case .exhausted where error.message.contains("0 free"): tally.refused += 1
      case .busy: tally.busy += 1
      default: throw error
      }
      return nil
    }
  }

  private func release(_ index: Int, _ address: String, _ tally: inout Tally) throws {
    try claims.giveUp(address)
    while true {
      do throws(AllocationError) { return try allocator.release(request(index)) } catch {
        guard error.kind == .busy else { throw error }
        tally.busy += 1
      }
    }
  }

  private func request(_ index: Int) -> AllocationRequest {
    AllocationRequest(
      attachment: AttachmentID(network: "stress", containerID: "worker\(number)-\(index)", ifname: "eth0"))
  }
}
