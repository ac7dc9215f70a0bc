internal import ClusterObjects
internal import KubernetesClient

/// How often one object is written.
package struct Pace: Sendable, Hashable {
  /// The time between two writes of the same status. Addresses come and go faster than anybody reads.
  package var status: Duration = .seconds(3)
  /// The time between the first and the second write of a NetworkAttachmentDefinition; it doubles as long as somebody
  /// else writes it too.
  package var definition: Duration = .seconds(1)
  /// The longest time between two writes, also after failures. An object that has been right for so long counts as
  /// settled.
  package var longest: Duration = .seconds(60)
}

/// Says when an object may be written again.
///
/// A write that fails is tried again later and later. One that succeeds and has to be made again at once is one that
/// somebody else undoes: two that correct each other without end would be a load on the server for ever.
struct WriteBackoff: Sendable {
  private struct Entry {
    var next: ContinuousClock.Instant
    var wait: Duration
    /// What was written.
    var content: FieldValue?
  }

  private let pace: Pace
  private var entries: [Step.Key: Entry] = [:]

  init(_ pace: Pace) { self.pace = pace }

  /// Whether the step may be taken now. A definition that has to be another one is none that is corrected.
  func allows(_ step: Step, at now: ContinuousClock.Instant) -> Bool {
    guard let entry = entries[step.key] else { return true }
    return entry.next <= now || (step.key.kind == .definition && entry.content != step.content)
  }

  /// Whether somebody else keeps undoing what the step does.
  func isDisputed(_ step: Step) -> Bool {
    guard step.key.kind == .definition, let entry = entries[step.key] else { return false }
    return entry.content == step.content && entry.wait >= pace.definition * 8
  }

  /// Takes note of a step that was taken.
  mutating func note(_ step: Step, at now: ContinuousClock.Instant, failed error: KubernetesError?) {
    let key = step.key
    let former = entries[key]
    var wait = key.kind == .definition ? pace.definition : pace.status
    if error != nil || key.kind == .definition, let former, former.content == step.content,
      now < former.next + pace.longest
    {
      wait = min(former.wait * 2, pace.longest)
    }
    if let asked = error?.retryAfter { wait = max(wait, asked) }
    entries[key] = Entry(next: now + wait, wait: wait, content: step.content)
    if entries.count > 10_000 { entries = entries.filter { $0.value.next > now } }
  }
}
