internal import CNI
internal import IPAM
internal import Netlink

/// STATUS: could an ADD be served now?
struct StatusProbe {
  private let request: Request
  private let configuration: PluginConfiguration
  private let allocator: (any IPAllocator)?
  private let log: OperationLog

  /// Reads the whole configuration, as ADD does.
  /// - Throws: ``CNIError`` for anything in it that cannot be used.
  init(_ request: Request, log: OperationLog) throws(CNIError) {
    self.request = request
    self.log = log
    configuration = try PluginConfiguration(request.configuration.fields)
    allocator = try AllocatorFactory.allocator(for: request)
  }

  /// Silent when an ADD could be served.
  /// - Throws: ``CNIError`` with code 50 and every reason why not.
  func run() throws(CNIError) {
    var reasons: [CNIError] = []
    var master: Link?
    // A master in a pod is known only when there is a pod.
    if !configuration.isLinkInContainer {
      collect(&reasons) { () throws(CNIError) in
        let found = try probeMaster()
        master = found
        // A shortfall keeps no ADD from being served. It goes into the log.
        if configuration.nodeAccess == .fenced, let shortfall = HostAccessShortfall.ofFence() {
          log.note(shortfall.description)
        }
        guard configuration.nodeAccess == .open else { return }
        try refuseObstacle(to: found)
        for shortfall in HostAccessShortfall.all(of: found) { log.note(shortfall.description) }
      }
    }
    collect(&reasons) { () throws(CNIError) in
      for remark in try probeAllocator(master) { log.note(remark) }
    }
    collect(&reasons) { () throws(CNIError) in
      try IPv6Obstacle.refuse(allocator?.families() ?? [], mtu: configuration.mtu ?? master?.mtu)
    }
    if let all = CNIError(joining: reasons, as: .pluginNotAvailable) { throw all }
  }

  private func collect(_ reasons: inout [CNIError], _ probe: () throws(CNIError) -> Void) {
    do throws(CNIError) { try probe() } catch { reasons.append(error) }
  }

  private func probeMaster() throws(CNIError) -> Link {
    let host = try kernel { () throws(NetlinkError) in try NetworkNamespace.host() }
    var socket = try kernel { () throws(NetlinkError) in try NetlinkSocket() }
    try kernel { () throws(NetlinkError) in try socket.probeIPVLAN() }
    let master = try Master.find(configuration.master, through: &socket)
    try Master.validate(master, mtu: configuration.mtu)
    let rival = try kernel { () throws(NetlinkError) in try MasterRival.find(of: master, host: host) }
    if let rival {
      throw CNIError(
        code: .masterUnusable,
        message: "master \(master.name) is busy: \(rival.description), which excludes ipvlan",
        details: "name another master; or free it, which cuts off what uses it now: \(rival.remedy)")
    }
    try SharedMode.check(configuration.mode, configuration.flag, of: master, in: host, host: host)
    return master
  }

  private func refuseObstacle(to master: Link) throws(CNIError) {
    let obstacle: HostAccessShortfall?
    do throws(NetlinkError) {
      var socket = try NetlinkSocket()
      obstacle = try HostAccessShortfall.obstacle(to: master, &socket)
    } catch {
      throw CNIError(.pluginNotAvailable, "cannot look at the host access of master \(master.name)", error)
    }
    guard let obstacle else { return }
    throw CNIError(
      code: .pluginNotAvailable, message: obstacle.problem, details: "run: \(obstacle.remedy)")
  }

  private func kernel<Value: ~Copyable>(
    _ body: () throws(NetlinkError) -> Value
  ) throws(CNIError) -> Value {
    do throws(NetlinkError) { return try body() } catch {
      throw CNIError(.pluginNotAvailable, "the kernel offers no ipvlan links (modprobe ipvlan)", error)
    }
  }

  private func probeAllocator(_ master: Link?) throws(CNIError) -> [String] {
    var occupied = OccupiedAddresses()
    if let master {
      occupied = try kernel { () throws(NetlinkError) in
        var socket = try NetlinkSocket()
        return try NodeAddresses.occupied(by: master, through: &socket)
      }
    }
    do throws(AllocationError) { return try allocator?.status(avoiding: occupied) ?? [] } catch {
      throw CNIError(error)
    }
  }
}
