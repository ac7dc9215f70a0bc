internal import Addressing
package import CNI
package import IPAM
internal import JSON
internal import Platform

extension AttachmentID {
  /// The attachment that a request is about.
  init(_ request: Request) {
    self.init(
      network: request.configuration.name, containerID: request.containerID, ifname: request.ifname)
  }
}

extension AllocationRequest {
  /// Who asks, without wishes: all that DEL, CHECK and GC need.
  init(identityOf request: Request) {
    self.init(attachment: AttachmentID(request), pod: Pod(request.arguments), netns: request.netns)
  }

  /// Who asks, and which addresses: by `runtimeConfig.ips`, else `args.cni.ips`, else IP of CNI_ARGS.
  /// - Throws: ``CNIError`` with code 4, 6 or 7 for a wish that cannot be read.
  init(_ request: Request) throws(CNIError) {
    self.init(identityOf: request)
    let configuration = request.configuration
    do throws(JSONFieldError) {
      if let texts = try configuration.runtimeConfig?.strings("ips"), !texts.isEmpty {
        requested =
          try configuration.runtimeConfig?.parsedElements("ips", Self.expected, RequestedAddress.init) ?? []
      } else {
        requested =
          try configuration.arguments?.parsedElements("ips", Self.expected, RequestedAddress.init) ?? []
      }
      ranges = try configuration.runtimeConfig?.array("ipRanges") ?? []
      annotations = try Self.annotations(configuration.runtimeConfig)
      annotationsAreKnown = configuration.runtimeConfig?.object[NetworkConfiguration.annotationsKey] != nil
    } catch {
      throw CNIError(error)
    }
    if requested.isEmpty { requested = try Self.list("IP", request.arguments, RequestedAddress.init) }
    requestedGateways = try Self.list("GATEWAY", request.arguments, IPAddress.init)
  }

  private static let expected = "an IP address, with or without prefix length"

  private static func annotations(_ fields: JSONFields?) throws(JSONFieldError) -> PodAnnotations {
    var annotations = PodAnnotations()
    guard let fields = try fields?.fields(NetworkConfiguration.annotationsKey) else { return annotations }
    for (name, text) in try fields.texts(beginning: PodAnnotations.ofPools) { annotations.add(name, text) }
    return annotations
  }

  /// The comma-separated values of a key of CNI_ARGS, blanks around each passed over.
  private static func list<Value>(
    _ key: String, _ arguments: CNIArguments, _ parse: (String) -> Value?
  ) throws(CNIError) -> [Value] {
    var values: [Value] = []
    for part in (arguments[key] ?? "").utf8.split(separator: UInt8(ascii: ",")) {
      guard let first = part.firstIndex(where: { $0 > 0x20 }), let last = part.lastIndex(where: { $0 > 0x20 })
      else { continue }
      guard let value = parse(String(Substring(part[first...last]))) else {
        throw CNIError(
          code: .invalidEnvironment,
          message: "CNI_ARGS key \(key) with value \"\(Substring(part))\" is not an IP address")
      }
      values.append(value)
    }
    return values
  }
}

extension AllocationRequest.Pod {
  /// The pod that Kubernetes names in CNI_ARGS.
  package init?(_ arguments: CNIArguments) {
    guard let namespace = arguments["K8S_POD_NAMESPACE"], let name = arguments["K8S_POD_NAME"] else {
      return nil
    }
    self.init(namespace: namespace, name: name, uid: arguments["K8S_POD_UID"] ?? "")
  }
}
