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
    return DelegateAllocator(try DelegatePlugin(type: type, in: request.path), for: request)
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
