public import Addressing

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

  /// Describes an interface.
  public init(
    name: String, alias: String, addresses: [CIDR], routes: [NewRoute], announcesIPv4: Bool
  ) {
    self.name = name
    self.alias = alias
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

extension NetlinkSocket {
  /// Adds addresses, renames the link and sets it up, and adds routes, all in one system call.
  ///
  /// The addresses come first, so that the kernel announces them when it sets the link up (`arp_notify`).
  /// - Returns: the positions of routes that were left out, since the namespace has one to the same destination
  ///   with the same priority already: the first network of a pod keeps its default route.
  /// - Throws: ``LinkSetupError`` for the first step that the kernel refused; later ones may have been carried
  ///   out.
  public mutating func setUp(link index: Int32, _ setup: LinkSetup) throws(LinkSetupError) -> [Int] {
    let announcement =
      setup.announcesIPv4
      ? [(LinkSetupError.Step.announcement, Request.announceIPv4(index: index, name: setup.name))] : []
    let addresses = setup.addresses.map {
      (LinkSetupError.Step.address($0), Request.addAddress($0, toLink: index))
    }
    let bringUp = (
      LinkSetupError.Step.bringUp, Request.bringUp(index: index, named: setup.name, alias: setup.alias)
    )
    let routes = setup.routes.map { new in
      (
        LinkSetupError.Step.route(new.route),
        Request.addRoute(new.route, outOf: index, isOnLink: new.isOnLink)
      )
    }
    let before = announcement + addresses + [bringUp]
    let steps = before + routes
    let outcomes: [Outcome]
    do throws(NetlinkError) { outcomes = try exchange(steps.map(\.1)) } catch {
      throw LinkSetupError(step: .bringUp, cause: error)
    }
    var leftOut: [Int] = []
    for (position, outcome) in outcomes.enumerated() {
      guard let error = outcome.error else { continue }
      if position >= before.count, error.errno == .fileExists {
        leftOut.append(position - before.count)
      } else {
        throw LinkSetupError(step: steps[position].0, cause: error)
      }
    }
    return leftOut
  }
}
