internal import CNI
internal import IPAM
internal import JSON
internal import Platform

/// Which allocator a configuration means.
enum AllocatorFactory {
  /// The allocator of `ipam.type`; `nil` without IPAM.
  ///
  /// Three types are served inside of the process, unless `"inProcess": false` asks for the executable.
  /// - Throws: ``CNIError`` for a configuration that cannot be used, or a plugin that CNI_PATH lacks.
  static func allocator(for request: Request) throws(CNIError) -> (any IPAllocator)? {
    guard let type = try request.configuration.ipamType(), let ipam = request.configuration.ipam else {
      return nil
    }
    do throws(JSONFieldError) {
      if try isInProcess(ipam, request), let allocator = try inProcess(type, ipam, request) {
        return allocator
      }
    } catch {
      throw CNIError(error)
    }
    return try delegate(type, request).map { DelegateAllocator($0, for: request) }
  }

  private static func isInProcess(_ ipam: JSONFields, _ request: Request) throws(JSONFieldError) -> Bool {
    do throws(JSONFieldError) { return try ipam.bool("inProcess") ?? true } catch {
      // No ADD was served with it.
      guard request.command.isLenient else { throw error }
      return true
    }
  }

  /// - Returns: `nil` when there is nobody who could have given addresses.
  private static func delegate(_ type: String, _ request: Request) throws(CNIError) -> DelegatePlugin? {
    do throws(CNIError) {
      try refuseRecursion(type, request)
      let delegate = try DelegatePlugin(type: type, in: request.path)
      // Under these names the executable gives addresses, and runs nobody.
      if delegate.isThisExecutable, AllocatorType(rawValue: type) == nil {
        throw recursion(type, "\(delegate.executable) is this plugin under another name")
      }
      return delegate
    } catch  where error.code == .invalidConfiguration && request.command.isLenient {
      // Every ADD was refused for the same reason, and a runtime calls DEL after it.
      return nil
    }
  }

  /// A plugin that has itself called for addresses starts one process after the other, and none of them ends.
  private static func refuseRecursion(_ type: String, _ request: Request) throws(CNIError) {
    if type == request.configuration.type { throw recursion(type, "that is the main plugin's own type") }
    if request.environment[DelegateAllocator.mark] != nil {
      throw recursion(type, "this call comes from an ipvlan plugin that asks for addresses")
    }
  }

  private static func recursion(_ type: String, _ reason: String) -> CNIError {
    CNIError(
      code: .invalidConfiguration,
      message: "key \"ipam.type\" with value \"\(type)\" would run this plugin once more: \(reason)",
      details:
        "name an IPAM plugin there: \(AllocatorType.names.joined(separator: ", ")), or another one of CNI_PATH"
    )
  }

  /// The library's own allocator of that type; `nil` when there is none.
  ///
  /// To take addresses back it must be known where the leases lie, and nothing else: what is wrong with the rest of
  /// the configuration must not keep them.
  static func inProcess(
    _ type: String, _ ipam: JSONFields, _ request: Request
  ) throws(JSONFieldError) -> (any IPAllocator)? {
    guard let type = AllocatorType(rawValue: type) else { return nil }
    let network = request.configuration.name
    guard ![.delete, .gc].contains(request.command) else {
      return switch type {
      case .ippool: try IPPoolAllocator(ofLeases: ipam, network: network)
      case .hostLocal: try HostLocalAllocator(ofLeases: ipam, network: network)
      case .static: StaticAllocator()
      }
    }
    return switch type {
    case .ippool: try IPPoolAllocator(ipam, network: network, environment: request.environment)
    case .hostLocal: try HostLocalAllocator(ipam, network: network)
    case .static: try StaticAllocator(ipam)
    }
  }
}
