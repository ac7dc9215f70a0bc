internal import Synchronization

/// Since when, on our clock, a lease has not changed.
struct LeaseObservation {
  private var version: String?
  private var since = ContinuousClock.now

  var age: Duration { ContinuousClock.now - since }

  mutating func look(at lease: Lease) {
    guard lease.metadata.resourceVersion != version else { return }
    version = lease.metadata.resourceVersion
    since = .now
  }
}

/// The newest version of a lease that this process has seen.
///
/// The versions of all objects come from one counter. So it does not matter whether the lease was deleted and made anew.
final class NewestVersion: Sendable {
  private let version = Mutex<UInt64?>(nil)

  /// Takes note of a lease as the server has it. A version that is no number says nothing.
  /// - Returns: the newest version before, when this one is older: from now on this one is the newest.
  func note(_ lease: Lease) -> UInt64? {
    guard let now = lease.metadata.resourceVersion.flatMap({ UInt64($0) }) else { return nil }
    return version.withLock { version in
      defer { version = now }
      return version.flatMap { now < $0 ? $0 : nil }
    }
  }
}
