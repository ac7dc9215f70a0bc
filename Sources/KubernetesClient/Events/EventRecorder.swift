/// Writes events, each of them once. An event that comes again while the recorder remembers it raises the count of the
/// one that is there, and no more often than ``repeatInterval``.
public actor EventRecorder {
  /// How long the same event is not written again.
  public let repeatInterval: Duration
  private let client: APIClient
  private let source: Event.Source
  private let capacity: Int
  private var remembered: [Key: Written] = [:]

  private struct Key: Hashable {
    var object: ObjectReference
    var severity: Event.Severity
    var reason: String
    var message: String
  }

  private struct Written {
    var key: ObjectKey
    var count: Int
    var at: ContinuousClock.Instant
  }

  /// A recorder.
  /// - Parameter component: the program's name.
  /// - Parameter host: the node, for programs that run on each.
  /// - Parameter capacity: how many events are remembered.
  public init(
    _ client: APIClient, component: String, host: String? = nil, repeatInterval: Duration = .seconds(300),
    capacity: Int = 1024
  ) {
    self.client = client
    self.repeatInterval = repeatInterval
    self.capacity = capacity
    source = Event.Source(component: component, host: host)
  }

  /// Says that something happened to an object.
  ///
  /// Events are for people and get lost: a failure is thrown for the log, and not tried again.
  public func record(
    _ severity: Event.Severity, _ reason: String, _ message: String, about object: ObjectReference
  ) async throws(KubernetesError) {
    let key = Key(object: object, severity: severity, reason: reason, message: message)
    if var written = remembered[key] {
      written.count += 1
      let isDue = ContinuousClock.now - written.at >= repeatInterval
      if isDue { written.at = .now }
      remembered[key] = written
      guard isDue else { return }
      if try await raise(written) { return }
    }
    try await write(key)
  }

  /// Tells whether the event was still there. Servers keep events for an hour.
  private func raise(_ written: Written) async throws(KubernetesError) -> Bool {
    let patch: FieldValue = [
      "count": .integer(Int64(written.count)),
      "lastTimestamp": .string(Timestamp.now().inSeconds.description),
    ]
    do throws(KubernetesError) {
      _ = try await client.mergePatch(
        Event.resource, written.key.name, namespace: written.key.namespace, patch: patch)
      return true
    } catch {
      guard error.kind == .notFound else { throw error }
      return false
    }
  }

  private func write(_ key: Key) async throws(KubernetesError) {
    let now = Timestamp.now().inSeconds
    // Events of objects that lie in no namespace belong to this one.
    let namespace = key.object.namespace ?? "default"
    let name = "\(key.object.name ?? "unnamed").\(String(UInt64.random(in: .min ... .max), radix: 16))"
    remembered[key] = Written(key: ObjectKey(namespace: namespace, name: name), count: 1, at: .now)
    forgetOldest()
    do throws(KubernetesError) {
      _ = try await client.create(
        Event.resource,
        Event(
          metadata: ObjectMetadata(name: name, namespace: namespace), involvedObject: key.object,
          reason: key.reason, message: String(key.message.prefix(1024)), type: key.severity.rawValue,
          source: source, firstTimestamp: now, lastTimestamp: now, count: 1))
    } catch {
      remembered[key] = nil
      throw error
    }
  }

  private func forgetOldest() {
    guard remembered.count > capacity, let oldest = remembered.min(by: { $0.value.at < $1.value.at }) else {
      return
    }
    remembered[oldest.key] = nil
  }
}
