public import Addressing
internal import Platform

/// Everything that turns a link that was just born into a working interface.
public struct LinkSetup: Sendable, Hashable {
  /// The name that it gets.
  public let name: String
  /// The note that it gets.
  public let alias: String
  /// The addresses that it gets.
  public let addresses: [CIDR]
  /// The routes that lead out of it.
  public let routes: [NewRoute]
  /// Whether neighbours are told its IPv4 addresses when it is set up.
  public let announcesIPv4: Bool
  /// Which source addresses may leave by it; `nil` lets all.
  public let sourceGuard: SourceGuard?

  /// Describes an interface.
  public init(
    name: String, alias: String, addresses: [CIDR], routes: [NewRoute], announcesIPv4: Bool,
    sourceGuard: SourceGuard?
  ) {
    self.name = name
    self.alias = alias
    self.sourceGuard = sourceGuard
    self.announcesIPv4 = announcesIPv4
    self.addresses = addresses
    self.routes = routes
  }
}

/// A step of ``LinkSetup`` that the kernel refused.
public struct LinkSetupError: Error, Sendable, Hashable {
  /// The steps, in their order.
  public enum Step: Sendable, Hashable {
    /// Switching on the announcement of its addresses.
    case announcement
    /// Letting only some source addresses leave.
    case sourceGuard
    /// Adding this address.
    case address(CIDR)
    /// Renaming the link and setting it up.
    case bringUp
    /// Adding this route.
    case route(IPRoute)
  }

  /// What was refused.
  public let step: Step
  /// In which words.
  public let cause: NetlinkError
}

/// What became of a ``LinkSetup``.
public struct LinkSetupOutcome: Sendable, Hashable {
  /// The positions of routes that were left out, since the namespace has one to the same destination with the same
  /// priority already: the first network of a pod keeps its default route.
  public let leftOut: [Int]
  /// Why there is no guard of source addresses although one was asked for: the kernel lacks a piece of it.
  public let guardFailure: NetlinkError?
}

extension NetlinkSocket {
  /// Adds addresses, renames the link and sets it up, and adds routes, all in one system call.
  ///
  /// The addresses come first, so that the kernel announces them when it sets the link up (`arp_notify`).
  /// As `sysctl net.ipv4.conf.LINK.arp_notify=1`, the filters of ``SourceGuard``, `ip address add ADDRESS dev LINK` (with
  /// `broadcast +` in IPv4, `nodad` in IPv6), `ip link set dev LINK name NAME alias ALIAS group 0 up` and
  /// `ip route add DESTINATION via GATEWAY dev LINK`.
  /// - Throws: ``LinkSetupError`` for the first step that the kernel refused; later ones may have been carried
  ///   out.
  public mutating func setUp(
    link index: Int32, _ setup: LinkSetup
  ) throws(LinkSetupError) -> LinkSetupOutcome {
    let steps = setup.steps(link: index)
    let outcomes: [Outcome]
    do throws(NetlinkError) { outcomes = try exchange(steps.map { $0.request }) } catch {
      throw LinkSetupError(step: .bringUp, cause: error)
    }
    var (routes, leftOut, guardFailure) = (0, [Int](), NetlinkError?.none)
    for ((step, _), outcome) in zip(steps, outcomes) {
      if case .route = step { routes += 1 }
      switch (step, outcome.error) {
      case (_, nil): continue
      case (.route, let error?) where error.errno == .fileExists: leftOut.append(routes - 1)
      case (.sourceGuard, let error?): guardFailure = guardFailure ?? error
      case (_, let error?): throw LinkSetupError(step: step, cause: error)
      }
    }
    if guardFailure != nil { try removeGuard(ofLink: index, named: setup.name) }
    return LinkSetupOutcome(leftOut: leftOut, guardFailure: guardFailure)
  }

  /// Half a guard may let nothing pass.
  private mutating func removeGuard(ofLink index: Int32, named name: String) throws(LinkSetupError) {
    do throws(NetlinkError) {
      try perform([.removeFilterHooks(fromLink: index, named: name)])
    } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .invalidArgument {
      // There are none.
    } catch {
      throw LinkSetupError(step: .sourceGuard, cause: error)
    }
  }
}

extension LinkSetup {
  /// The requests, in their order.
  fileprivate func steps(link index: Int32) -> [(step: LinkSetupError.Step, request: NetlinkRequest)] {
    var steps: [(step: LinkSetupError.Step, request: NetlinkRequest)] = []
    if announcesIPv4 { steps.append((.announcement, .announceIPv4(index: index, name: name))) }
    let guards = sourceGuard?.requests(onLink: index, named: name) ?? []
    steps += guards.map { (.sourceGuard, $0) }
    steps += addresses.map { (.address($0), .addAddress($0, toLink: index)) }
    steps.append((.bringUp, .bringUp(index: index, named: name, alias: alias)))
    return steps
      + routes.map { (.route($0.route), .addRoute($0.route, outOf: index, isOnLink: $0.isOnLink)) }
  }
}
