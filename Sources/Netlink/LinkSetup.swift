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

  /// Describes an interface.
  public init(name: String, alias: String, addresses: [CIDR], routes: [NewRoute]) {
    self.name = name
    self.alias = alias
    self.addresses = addresses
    self.routes = routes
  }
}

/// A step of ``LinkSetup`` that the kernel refused.
public struct LinkSetupError: Error, Sendable, Hashable {
  /// The steps, in their order.
  public enum Step: Sendable, Hashable {
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
    let steps = addresses + [bringUp] + routes
    let outcomes: [Outcome]
    do throws(NetlinkError) { outcomes = try exchange(steps.map(\.1)) } catch {
      throw LinkSetupError(step: .bringUp, cause: error)
    }
    var leftOut: [Int] = []
    for (position, outcome) in outcomes.enumerated() {
      guard let error = outcome.error else { continue }
      if position > addresses.count, error.errno == .fileExists {
        leftOut.append(position - addresses.count - 1)
      } else {
        throw LinkSetupError(step: steps[position].0, cause: error)
      }
    }
    return leftOut
  }
}
