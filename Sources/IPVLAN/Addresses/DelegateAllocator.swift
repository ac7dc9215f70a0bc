internal import Addressing
internal import CNI
internal import IPAM

/// An IPAM plugin of CNI_PATH as an allocator (CNI SPEC 1.1.0, section 4).
///
/// The plugin is told what the runtime told this one: the same environment and the same configuration.
final class DelegateAllocator: IPAllocator {
  /// Tells a plugin that it was started to give addresses. The specification knows no such variable; others pass
  /// over it.
  static let mark = "IPVLAN_ASKS_FOR_ADDRESSES"

  /// The plugin may be Spiderpool's own.
  let readsPoolAnnotations = true
  private let plugin: DelegatePlugin
  private let request: Request

  init(_ plugin: DelegatePlugin, for request: Request) {
    self.plugin = plugin
    self.request = request
  }

  func allocate(_: AllocationRequest) throws(AllocationError) -> Allocation {
    let result: CNIResult
    do throws(CNIError) {
      result = try call(.add) ?? CNIResult()
    } catch {
      // A plugin that failed may have left something behind, and knows itself what (section 4).
      _ = try? call(.delete)
      throw AllocationError(error)
    }
    guard !result.ips.isEmpty else {
      _ = try? call(.delete)
      throw AllocationError(.exhausted, "IPAM plugin \"\(plugin.type)\" gave no address")
    }
    return Allocation(assignments: result.ips.map { $0.assignment }, routes: result.routes, dns: result.dns)
  }

  func release(_: AllocationRequest) throws(AllocationError) { try run(.delete) }

  /// Another plugin does not tell what the attachment held before. It is asked to give back everything, as section 4 says.
  func undo(_: Allocation, for _: AllocationRequest) throws(AllocationError) { try run(.delete) }

  func check(_: AllocationRequest, addresses: [AddressAssignment]) throws(AllocationError) { try run(.check) }

  /// Only the plugin itself can read its state.
  func holders() -> [LeaseHolder] { [] }

  func free(_: [LeaseHolder]) -> [LeaseHolder] { [] }

  func forwardGarbageCollection() throws(AllocationError) { try run(.gc) }

  func status(avoiding _: OccupiedAddresses) throws(AllocationError) -> [String] {
    try run(.status)
    return []
  }

  @discardableResult
  private func call(_ command: Command) throws(CNIError) -> CNIResult? {
    try plugin.run(command, request, variables: [Self.mark: "1"])
  }

  private func run(_ command: Command) throws(AllocationError) {
    do throws(CNIError) {
      try call(command)
    } catch {
      throw AllocationError(error)
    }
  }
}

extension AllocationError {
  fileprivate init(_ error: CNIError) {
    self.init(.delegate(code: error.code.rawValue), error.message, details: error.details)
  }
}
