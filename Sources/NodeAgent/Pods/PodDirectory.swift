internal import ClusterObjects
internal import IPAM
internal import JSON
internal import Platform

/// Keeps the files of the node's pods as the API server has the pods.
struct PodDirectory: Sendable {
  private let pods: PodFiles
  private let files: MirroredFiles
  private let retention: Duration
  /// What this run has written.
  private var written: [String: PodRecord] = [:]
  /// Since when a file's pod is known to be gone.
  private var gone: [String: ContinuousClock.Instant] = [:]

  init(runDirectory: String, retention: Duration) {
    pods = PodFiles(runDirectory: runDirectory)
    files = MirroredFiles(directory: pods.directory)
    self.retention = retention
  }

  /// Writes what has changed, and removes the files of pods that have been gone for long enough.
  /// - Returns: how many files were written.
  /// - Throws: ``ObjectFault`` with the first of what could not be done; the rest was.
  mutating func sync(_ mirror: PodMirror, at now: ContinuousClock.Instant = .now) throws(ObjectFault) -> Int {
    var fault: ObjectFault?
    let names = try files.names()
    let present = Set(names.compactMap(PodFiles.uid(ofFile:)))
    var count = 0
    for (uid, record) in mirror.records where written[uid] != record || !present.contains(uid) {
      do throws(ObjectFault) {
        try write(uid, record)
        written[uid] = record
        count += 1
      } catch {
        fault = fault ?? error
      }
    }
    // Without a complete list nobody knows who is gone.
    guard mirror.podFeed.isComplete else {
      if let fault { throw fault }
      return count
    }
    gone = gone.filter { uid, _ in mirror.pods[uid] == nil && present.contains(uid) }
    for uid in present where mirror.pods[uid] == nil {
      let since = gone[uid] ?? now
      gone[uid] = since
      guard now - since >= retention else { continue }
      written[uid] = nil
      gone[uid] = nil
      do throws(ObjectFault) { try files.remove("\(uid).json") } catch { fault = fault ?? error }
    }
    for name in names where MirroredFiles.isUnfinished(name) {
      do throws(ObjectFault) { try files.remove(name) } catch { fault = fault ?? error }
    }
    if let fault { throw fault }
    return count
  }

  /// Whether the file of a pod has stayed for long enough.
  func hasOverdue(at now: ContinuousClock.Instant = .now) -> Bool {
    gone.values.contains { now - $0 >= retention }
  }

  /// Removes all files: nobody keeps them any more, and what they say would soon be wrong.
  mutating func removeAll() throws(ObjectFault) {
    (written, gone) = ([:], [:])
    let names: [String]
    do throws(Errno) { names = try Files.names(in: files.directory) } catch {
      guard error != .noSuchFileOrDirectory else { return }
      throw files.fault("\(files.directory) cannot be listed", error)
    }
    for name in names where PodFiles.uid(ofFile: name) != nil || MirroredFiles.isUnfinished(name) {
      try files.remove(name)
    }
  }

  private func write(_ uid: String, _ record: PodRecord) throws(ObjectFault) {
    guard let path = pods.path(uid) else { return }
    try files.write(path, JSONValue.object(record.json).serialized() + [0x0A])
  }
}
