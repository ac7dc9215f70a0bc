internal import Netlink
internal import Platform

/// Listens to every namespace of the node, as they come and go, until the process ends.
///
/// A change is told as soon as the kernel tells it. A namespace is noticed at once when it gets a name, since the
/// kernel tells of mounts, and when it gets a slave, since the kernel tells of its master too; any other by a look at
/// all of them every now and then.
package final class Watch {
  private var namespaces: [WatchedNamespace] = []
  private let host: NetworkNamespace
  private let mounts: OwnedDescriptor
  private let tell: ([WatchEvent]) -> Void
  private var lastScan = MonotonicInstant.now()

  /// After so long namespaces are looked for whatever happens, in milliseconds.
  private let interval: Int

  /// Prepares to listen.
  ///
  /// - Parameters:
  ///   - seconds: after so long namespaces are looked for whatever happens.
  ///   - tell: is handed what has changed, together what came together.
  /// - Throws: ``UserError`` when the node's own namespace cannot be listened to.
  package init(rescanAfterSeconds seconds: Int, _ tell: @escaping ([WatchEvent]) -> Void) throws(UserError) {
    self.tell = tell
    interval = seconds * 1000
    host = try Self.attempt { () throws(NetlinkError) in try NetworkNamespace.host() }
    mounts = try Self.attempt { () throws(Errno) in
      try OwnedDescriptor(opening: "/proc/self/mountinfo", .readOnly)
    }
    let identity = try Self.attempt { () throws(Errno) in try host.identity() }
    let place = NamespacePlace(path: "/proc/self/ns/net", identity: identity, isHostNamespace: true)
    let events = try Self.attempt { () throws(NetlinkError) in try EventSocket() }
    namespaces = [WatchedNamespace(place, events)]
    tell(namespaces[0].present(host: host))
    rescan()
  }

  private static func attempt<Value: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Value
  ) throws(UserError) -> Value {
    do throws(Failure) { return try body() } catch {
      throw UserError("the changes of this node cannot be listened to: \(error)")
    }
  }

  /// Listens once: until something has happened, or it is time to look for namespaces.
  package func step() {
    // Taking the name away may be the last that happens to a namespace, and its socket would keep it.
    let waiting =
      namespaces.map { (descriptor: $0.descriptor, interest: Polling.Interest.reading) }
      + [(descriptor: mounts.descriptor, interest: Polling.Interest.change)]
    let ready = Polling.wait(for: waiting, milliseconds: interval)
    var isNewSlaveLikely = ready.contains(namespaces.count)
    for position in ready where position < namespaces.count {
      let seen = namespaces[position].changes(host: host)
      if !seen.events.isEmpty { tell(seen.events) }
      if seen.areMastersTouched { isNewSlaveLikely = true }
    }
    let age = MonotonicInstant.now().microseconds(since: lastScan)
    if isNewSlaveLikely || age >= interval * 1000 { rescan() }
  }

  /// Lets go of namespaces that are gone, and begins with those that are new.
  private func rescan() {
    defer { lastScan = MonotonicInstant.now() }
    // Without the list the watch stays with the namespaces that it has.
    guard let list = try? NamespaceWalk({ _, _ throws(NetlinkError) in }) else { return }
    for visit in list.visits where !namespaces.contains(where: { $0.place.identity == visit.identity }) {
      guard let namespace = try? NetworkNamespace(path: visit.path),
        (try? namespace.identity()) == visit.identity,
        let events = try? namespace.openEventSocket(returningTo: host)
      else { continue }
      let watched = WatchedNamespace(
        NamespacePlace(path: visit.path, identity: visit.identity, isHostNamespace: false), events)
      namespaces.append(watched)
      let present = watched.present(host: host)
      if !present.isEmpty { tell(present) }
    }
    // One that cannot be read at the moment may be any of them.
    guard list.unread.isEmpty else { return }
    let found = Set(list.visits.map(\.identity))
    for gone in namespaces where !gone.place.isHostNamespace && !found.contains(gone.place.identity) {
      let farewell = gone.farewell()
      if !farewell.isEmpty { tell(farewell) }
    }
    namespaces.removeAll { !$0.place.isHostNamespace && !found.contains($0.place.identity) }
  }
}
