internal import Addressing
internal import CNI
internal import IPAM

/// Where an attachment's addresses come from.
enum AddressSource {
  /// The configuration names an allocator.
  case allocator(any IPAllocator)
  /// An earlier plugin of the chain brought addresses that no interface of the pod has yet.
  case prevResult(CNIResult)
  /// Nowhere: the link alone is wanted.
  case none

  /// Decides by the configuration.
  /// - Throws: ``CNIError`` for a configuration that cannot be used.
  init(_ request: Request, prevResult: CNIResult?) throws(CNIError) {
    if let allocator = try AllocatorFactory.allocator(for: request) {
      self = .allocator(allocator)
    } else if let prevResult {
      self = .prevResult(prevResult)
    } else {
      self = .none
    }
  }

  /// Whether the addresses are those of earlier plugins.
  var isPrevResult: Bool { if case .prevResult = self { true } else { false } }

  /// The addresses to configure.
  /// - Throws: ``CNIError`` when the allocator gives none; then nothing is held.
  func allocate(_ wish: AllocationRequest) throws(CNIError) -> Allocation {
    switch self {
    case .allocator(let allocator):
      do throws(AllocationError) { return try allocator.give(wish) } catch { throw CNIError(error) }
    case .prevResult(let result):
      let ours = result.unassignedIPs(ifname: wish.attachment.ifname)
      let allocation = Allocation(
        assignments: ours.map { result.ips[$0].assignment }, routes: ours.isEmpty ? [] : result.routes)
      do throws(AllocationError) { try wish.occupied.refuse(allocation) } catch { throw CNIError(error) }
      return allocation
    case .none: return Allocation()
    }
  }

  /// Gives back what this call of `allocate` took; a failure is told in `failure`'s details.
  func undo(_ allocation: Allocation, of wish: AllocationRequest, after failure: CNIError) -> CNIError {
    guard case .allocator(let allocator) = self else { return failure }
    do throws(AllocationError) {
      try allocator.undo(allocation, for: wish)
      return failure
    } catch {
      return failure.adding("the addresses could not be given back: \(error.message); DEL does it")
    }
  }
}
