internal import Addressing
internal import CNI
internal import Netlink

extension AttachmentPlan {
  /// What ADD answers: all that earlier plugins of the chain answered, and this attachment.
  ///
  /// - Parameters:
  ///   - leftOut: the positions of planned routes that another interface of the pod has.
  ///   - sandbox: the path of the pod's namespace.
  ///   - isFromPrevious: the addresses are those of `previous` that no interface had.
  func result(
    without leftOut: [Int], sandbox: String, extending previous: CNIResult?, isFromPrevious: Bool,
    dns: DNSConfiguration
  ) -> CNIResult {
    var result = previous ?? CNIResult()
    let position = result.interfaces.count
    if isFromPrevious {
      for index in result.unassignedIPs(ifname: identity.name) { result.ips[index].interface = position }
    } else {
      result.ips += addresses.map { CNIResult.IPConfiguration(interface: position, assignment: $0) }
      result.routes += allocatedRoutes.indices.filter { !leftOut.contains($0) }.map {
        allocatedRoutes[$0]
      }
    }
    result.interfaces.append(
      CNIResult.Interface(name: identity.name, mac: master.mac?.description, mtu: Int(mtu), sandbox: sandbox))
    result.dns = dns
    return result
  }
}
