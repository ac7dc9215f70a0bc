import Addressing
import IPAM
import JSON

/// Gives each pod the address that the configuration reserves for it:
/// `{"reservations": {"default/web-0": "10.0.0.5/24"}, "gateway": "10.0.0.1"}`.
///
/// A reservation is the pod's whether it runs or not, so that there are no leases to keep.
final class ReservationAllocator: IPAllocator {
  private let reservations: [(pod: String, address: CIDR)]
  private let gateway: IPAddress?

  /// Checks everything, before the first side effect.
  init(_ ipam: JSONFields) throws(JSONFieldError) {
    var reservations: [(pod: String, address: CIDR)] = []
    if let table = try ipam.fields("reservations") {
      for (pod, _) in table.object.members {
        let address = try table.parsed(pod, "an address with prefix length such as 10.0.0.5/24", CIDR.init)
        reservations.append((pod, try table.required(pod, address)))
      }
    }
    self.reservations = reservations
    gateway = try ipam.parsed("gateway", "an IP address", IPAddress.init)
  }

  func allocate(_ request: AllocationRequest) throws(AllocationError) -> Allocation {
    guard let pod = request.pod?.description else {
      throw AllocationError(.exhausted, "the runtime did not say which pod \(request.attachment) belongs to")
    }
    let given = reservations.filter { $0.pod == pod }.map {
      AddressAssignment(address: $0.address, gateway: gateway)
    }
    guard !given.isEmpty else {
      throw AllocationError(
        .exhausted, "no address is reserved for pod \(pod)", details: "add it to \"ipam.reservations\"")
    }
    return Allocation(assignments: given)
  }

  func check(_ request: AllocationRequest, addresses: [AddressAssignment]) throws(AllocationError) {
    let missing = try allocate(request).assignments.filter { !addresses.contains($0) }
    guard missing.isEmpty else {
      throw AllocationError(
        .notHeld, "\(request.attachment) lacks \(missing.map { "\($0.address)" }.joined(separator: ", "))")
    }
  }

  // Nothing is held, so that there is nothing to give back and no garbage.
  func release(_: AllocationRequest) {}
  func undo(_: Allocation, for _: AllocationRequest) {}
  func holders() -> [LeaseHolder] { [] }
  func free(_: [LeaseHolder]) -> [LeaseHolder] { [] }

  func status(avoiding occupied: OccupiedAddresses) throws(AllocationError) -> [String] {
    for reservation in reservations { try occupied.refuse(reservation.address.address) }
    return []
  }
}
