internal import Addressing
internal import JSON
internal import Netlink
package import Platform

/// Something that is wrong on the node.
package struct Finding: Sendable {
  /// What kind of fault; the names stay, so that programs can rely on them.
  package enum Kind: String, Sendable, CaseIterable {
    case kernelWithoutIPVLAN, kernelTooOld, namespaceUnreadable
    case configurationUnreadable, configurationInvalid, masterUnusable, masterWithoutCarrier, mtuTooLarge
    case modeConflict, nodeAccessConflict
    case poolFileInvalid, poolUnknown, noPool, poolUndivided, poolUsedUp
    case poolAddressOnNode, poolAddressOfGateway, poolOutsideSubnet, coolDownShort
    case poolAddressNotOwned, ownedAddressUnused
    case duplicateAddress, linkDown, halfMadeLink, linkMissing, linkRenamed, addressMissing, routeMissing
    case leaseOrphaned, leaseMissing, leaseStoreUnusable, poolAddressTaken
    case hostAccessIncomplete, hostAccessShortfall, hostRouteStale, fenceIncomplete, podFilterBypassed
    case linkManaged, foreignRoutesManaged
    case agentNotRunning, agentOutOfStep, podLabelsUnknown
  }

  /// How the tool itself can mend it, where that is safe.
  enum Fix: Sendable, Hashable {
    /// Sets a link of the node up.
    case bringUp(index: Int32, name: String)
    /// As `ipvlanctl gc`.
    case collectGarbage
    /// Makes the way between the node and the pods of a master whole.
    case restoreHostAccess(master: String)
    /// Puts pods without host access behind the fence again.
    case restoreFence
  }

  package let kind: Kind
  /// What is wrong, with what.
  package let problem: String
  /// Why that hurts.
  package let consequence: String
  /// The command, or the change, that mends it.
  package let remedy: ShellCommand
  let fix: Fix?

  init(
    _ kind: Kind, _ problem: String, consequence: String, remedy: ShellCommand, fix: Fix? = nil
  ) {
    self.kind = kind
    self.problem = problem
    self.consequence = consequence
    self.remedy = remedy
    self.fix = fix
  }

  /// Whether `doctor --fix` mends it.
  package var isFixable: Bool { fix != nil }

  var json: JSONValue {
    .object([
      "kind": .string(kind.rawValue), "problem": .string(problem), "consequence": .string(consequence),
      "remedy": .string("\(remedy)"), "isFixable": .bool(isFixable),
    ])
  }
}
