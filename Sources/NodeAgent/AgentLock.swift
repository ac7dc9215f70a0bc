internal import Daemon
internal import Operator
internal import Platform

/// Keeps a second agent off the node. The kernel gives the lock back, however the process ends.
struct AgentLock: ~Copyable {
  private let file: OwnedDescriptor

  /// - Throws: ``DaemonError``, with the status 75 (EX_TEMPFAIL) when another agent runs.
  static func take(_ directory: String) throws(DaemonError) -> AgentLock {
    let path = AgentState.lockPath(in: directory)
    let file = try open(directory, path)
    let isLocked: Bool
    do throws(Errno) { isLocked = try file.tryLock(.exclusive) } catch {
      throw DaemonError("\(path) cannot be locked: \(error)")
    }
    guard isLocked else {
      throw DaemonError(
        "another ipvlan-agent runs on this node; see who: fuser -v \(path)", exitStatus: 75)
    }
    return AgentLock(file: file)
  }

  private static func open(_ directory: String, _ path: String) throws(DaemonError) -> OwnedDescriptor {
    do throws(Errno) {
      try Files.makeDirectory(
        directory, permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
      return try OwnedDescriptor(
        opening: path, .readOnly, options: [.create, .noFollow],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw DaemonError("\(path) cannot be made: \(error)")
    }
  }
}
