public import Platform

/// The files by which the plugin asks the node's agent for more of a shared pool: `<run-dir>/wanted/<pool>`, empty.
public struct PoolWishes: Sendable {
  private let directory: String

  /// The wishes below an agent's directory.
  public init(runDirectory: String) { directory = "\(runDirectory)/wanted" }

  /// Asks for more of a pool.
  /// - Throws: the `Errno` of the step that failed.
  public func add(_ pool: String) throws(Errno) {
    try Files.makeDirectory(
      directory, permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
    _ = try OwnedDescriptor(
      opening: "\(directory)/\(pool)", .readOnly, options: [.create, .noFollow],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
  }

  /// The pools of which more is wanted; asking again is needed afterwards.
  public func take() -> [String] {
    let names = (try? Files.names(in: directory)) ?? []
    for name in names { try? Files.remove("\(directory)/\(name)") }
    return names
  }
}
