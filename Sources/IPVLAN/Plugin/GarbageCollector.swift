internal import CNI
internal import IPPool
internal import Netlink

/// GC: removes the links and leases of this network that no valid attachment owns.
///
/// A list can be incomplete, and some callers pass none: an attachment that is not listed keeps what it has
/// as long as a process lives in its namespace; without a list, as long as its namespace and link are there.
struct GarbageCollector {
  private let request: Request
  private let network: String

  init(_ request: Request) {
    self.request = request
    network = request.configuration.name
  }

  /// Goes on after a failure.
  /// - Throws: ``CNIError`` with all failures in its details.
  func run(log: inout OperationLog) throws(CNIError) {
    var failures: [CNIError] = []
    let living = removeLinks(&failures, &log)
    log.endStep("links")
    do throws(CNIError) {
      if let allocator = try AllocatorFactory.allocator(for: request) {
        let freed = try collect(allocator, living)
        for holder in freed {
          log.note(
            "freed \(holder.addresses.map(\.description).joined(separator: ", ")) of \(holder.attachment)")
        }
      }
    } catch {
      failures.append(error)
    }
    log.endStep("leases")
    sweepHostRoutes(&failures, &log)
    guard let first = failures.first else { return }
    throw CNIError(
      code: first.code, message: failures.map(\.message).joined(separator: "; "),
      details: failures.map(\.details).filter { !$0.isEmpty }.joined(separator: "; "))
  }

  /// - Returns: what lives, so that its leases stay.
  private func removeLinks(_ failures: inout [CNIError], _ log: inout OperationLog) -> LivingAttachments {
    var living = LivingAttachments(valid: request.configuration.validAttachments.map(Set.init))
    guard let home = try? NetworkNamespace.home() else {
      failures.append(CNIError(code: .ioFailure, message: "cannot open the node's network namespace"))
      living.isComplete = false
      return living
    }
    let occupied = NamespaceInventory.occupied()
    for slave in IPVLANSlave.all(home: home) {
      guard let attachment = LinkIdentity.attachment(of: slave.link) else {
        living.note(addressesOf: slave, home: home)
        continue
      }
      guard [network, AttachmentID.noted(network: network)].contains(attachment.network), slave.isOfNode(home)
      else { continue }
      let isOccupied = occupied.contains(slave.namespaceID.inode)
      if living.keeps(attachment, isOccupied: isOccupied) {
        living.note(attachment)
        continue
      }
      do throws(NetlinkError) {
        try slave.remove(home: home)
        log.note("removed \(slave.link.name) from \(slave.namespace), attachment \(attachment)")
      } catch {
        // Its address is still in use.
        living.note(attachment)
        failures.append(
          CNIError(.ioFailure, "cannot remove \(slave.link.name) from \(slave.namespace)", error))
      }
    }
    return living
  }

  private func sweepHostRoutes(_ failures: inout [CNIError], _ log: inout OperationLog) {
    do throws(NetlinkError) {
      let swept = try NodeSweeper.sweep(home: try NetworkNamespace.home())
      for address in swept { log.note("removed what the node had for \(address), which no pod has") }
    } catch {
      failures.append(CNIError(.ioFailure, "cannot remove host routes to pods that are gone", error))
    }
    log.endStep("hostAccess")
  }

  private func collect(
    _ allocator: any IPAllocator, _ living: LivingAttachments
  ) throws(CNIError) -> [LeaseHolder] {
    do throws(AllocationError) {
      return try allocator.collectGarbage { living.isAlive($0) }
    } catch {
      throw CNIError(error)
    }
  }
}
