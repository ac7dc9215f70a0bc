internal import Addressing
internal import CNI
internal import IPAM
internal import Netlink

/// GC: removes the links and leases of this network that no valid attachment owns.
///
/// A list can be incomplete, and some callers pass none: an attachment that is not listed keeps what it has
/// as long as a process lives in its namespace; without a list, as long as its namespace and link are there.
struct GarbageCollector {
  private let request: Request
  private let log: OperationLog

  init(_ request: Request, log: OperationLog) {
    self.request = request
    self.log = log
  }

  /// Goes on after a failure.
  /// - Throws: ``CNIError`` with all failures in its details.
  func run() throws(CNIError) {
    var failures: [CNIError] = []
    var store: (any IPAllocator)?
    do throws(CNIError) { store = try AllocatorFactory.allocator(for: request) } catch {
      failures.append(error)
    }
    let scope = Garbage.Scope.network(
      request.configuration.name, valid: request.configuration.validAttachments.map(Set.init))
    // Without the leases nobody knows which links are young, and whose the addresses are.
    if failures.isEmpty {
      let garbage = Garbage(scope, stores: [store].compactMap { $0 })
      log.endStep("look")
      failures += garbage.collect { log.note(Self.remark($0)) }
      log.endStep("collect")
    }
    do throws(AllocationError) { try store?.forwardGarbageCollection() } catch {
      failures.append(CNIError(error))
    }
    log.endStep("forward")
    if let failure = CNIError(joining: failures) { throw failure }
  }

  private static func remark(_ collected: Garbage.Collected) -> String {
    switch collected {
    case .link(let slave):
      let owner = LinkIdentity.attachment(of: slave.link).map { ", attachment \($0)" } ?? ""
      return "removed \(slave.link.name) from \(slave.namespace)\(owner)"
    case .lease(let holder):
      let addresses = holder.addresses.map { $0.description }.joined(separator: ", ")
      return "freed \(addresses) of \(holder.attachment)"
    case .address(let address): return "removed what the node had for \(address), which no pod has"
    }
  }
}
