internal import CNI
internal import IPPool
internal import JSON

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
      if try ipam.bool("inProcess") ?? true, let allocator = try inProcess(type, ipam, request) {
        return allocator
      }
    } catch {
      throw CNIError(error)
    }
    try refuseRecursion(type, request)
    let delegate = try DelegatePlugin(type: type, in: request.path)
    // Under these names the executable gives addresses, and runs nobody.
    if delegate.isThisExecutable, !IPAMPlugin.names.contains(type) {
      throw recursion(type, "\(delegate.executable) is this plugin under another name")
    }
    return DelegateAllocator(delegate, for: request)
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
      details: "name an IPAM plugin there: ippool, host-local, static, or another one of CNI_PATH")
  }

  /// The library's own allocator of that type; `nil` when there is none.
  static func inProcess(
    _ type: String, _ ipam: JSONFields, _ request: Request
  ) throws(JSONFieldError) -> (any IPAllocator)? {
    switch type {
    case "static": try StaticAllocator(ipam)
    case "host-local": try HostLocalAllocator(ipam, network: request.configuration.name)
    case "ippool":
      try IPPoolAllocator(ipam, network: request.configuration.name, environment: request.environment)
    default: nil
    }
  }
}
