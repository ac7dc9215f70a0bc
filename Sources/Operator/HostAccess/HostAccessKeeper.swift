internal import IPVLAN
internal import Netlink
internal import Platform

/// Keeps the tables and rules of host access as they have to be while the node's links and addresses change, until the
/// process ends. Nothing waits for the next pod then: the kernel takes a master's routes when it goes down, and no one
/// else brings the gateway back.
package final class HostAccessKeeper {
  private let tell: (String) -> Void
  private var events: EventSocket
  private var told: Set<String> = []

  /// After so long everything is compared whatever has happened, in milliseconds: changes of rules are not told.
  private static let interval = 30_000
  /// Changes come in groups; this long after the first the others have come, in milliseconds.
  private static let grouping = 100

  /// Prepares to listen, and compares once.
  ///
  /// - Parameter tell: is handed what was mended, and what could not be, a line each.
  /// - Throws: ``UserError`` when the node cannot be listened to.
  package init(_ tell: @escaping (String) -> Void) throws(UserError) {
    self.tell = tell
    do throws(NetlinkError) { events = try EventSocket() } catch {
      throw UserError("the changes of this node cannot be listened to: \(error)")
    }
    compare()
  }

  /// Listens once: until something has happened, or the interval has passed.
  package func step() {
    let listened = [(descriptor: events.descriptor, interest: Polling.Interest.reading)]
    if !Polling.wait(for: listened, milliseconds: Self.interval).isEmpty {
      pause(milliseconds: Self.grouping)
      drain()
    }
    compare()
  }

  /// What has happened does not matter: it is the state that is compared, after all of it was taken.
  private func drain() {
    // More at once than the queue holds is one error, after which it is read on.
    for _ in 0..<1000 {
      guard let seen = try? events.receive() else { continue }
      if seen.isEmpty { return }
    }
  }

  private func compare() {
    let outcome = HostAccessRepair.followNode()
    for line in outcome.fixed { tell(line) }
    // A master that stays down would be told again and again.
    for line in outcome.failures where !told.contains(line) { tell(line) }
    told = Set(outcome.failures)
  }
}
