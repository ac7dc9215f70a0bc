internal import Platform

/// A system call of a plugin that goes wrong.
public struct Fault: Sendable, CustomStringConvertible {
  /// In which way.
  public enum Effect: Sendable {
    /// The kernel answers with an I/O error instead of doing it.
    case error
    /// So it does from then on.
    case errors
    /// The process is killed on its way in.
    case kill
  }

  /// The call's name.
  public let call: String
  /// Counted from 1.
  public let occurrence: Int
  /// What happens.
  public let effect: Effect

  /// Makes the `occurrence`th `call`, counted from 1, go wrong.
  public init(call: String, occurrence: Int, effect: Effect) {
    self.call = call
    self.occurrence = occurrence
    self.effect = effect
  }

  /// As strace writes it.
  public var description: String {
    switch effect {
    case .error: "\(call):error=EIO:when=\(occurrence)"
    case .errors: "\(call):error=EIO:when=\(occurrence)+"
    case .kill: "\(call):signal=SIGKILL:when=\(occurrence)"
    }
  }
}

/// Runs the plugin, or the program that the variable PROGRAM names, under strace(1), which counts system calls and makes
/// them fail.
public struct FaultInjector: Sendable {
  /// The stand-in for the plugin.
  public let plugin: Plugin
  /// What the last run without a fault did.
  private let trace: String
  /// What all runs with a fault did.
  private let hits: String

  private let script: String

  /// Makes the stand-in, beside the node's own files.
  public init(on node: Node) throws {
    script = "/tmp/\(node.identifier).injector"
    trace = "/tmp/\(node.identifier).trace"
    hits = "/tmp/\(node.identifier).hits"
    // The kernel stops the program at calls of this name alone: at every call it takes many times as long.
    let text = """
      #!/bin/sh
      options="-e raw=all -o \(trace)"
      if [ -n "$FAULT" ]; then options="-f --seccomp-bpf -A -o \(hits) -e trace=${FAULT%%:*} -e inject=$FAULT"; fi
      exec strace -qq -e signal=none $options ${PROGRAM:-\(Plugin().executable)} "$@"

      """
    try Files.replace(script, with: Array(text.utf8), permissions: [.ownerReadWriteExecute])
    plugin = Plugin(executable: script)
  }

  /// The ways in which the last run without a fault could have gone wrong: every one of `calls` can fail, and the process can be
  /// killed at each of `kills`. Programs that start others are not for this: strace counts the calls
  /// of each process by itself.
  public func faults(in calls: [String], killing kills: Set<String>) throws -> [Fault] {
    if let child = try lines().first(where: { line in Self.births.contains { line.hasPrefix("\($0)(") } }) {
      throw HasChild(call: String(child))
    }
    return try calls.flatMap { call in
      let effects: [Fault.Effect] = kills.contains(call) ? [.error, .kill] : [.error]
      return try occurrences(of: call).flatMap { occurrence in
        effects.map { Fault(call: call, occurrence: occurrence, effect: $0) }
      }
    }
  }

  /// The calls of these faults that never failed in any run: then nothing was tried.
  public func missed(_ faults: [Fault]) throws -> Set<String> {
    let injected = String(decoding: try Files.read(hits, limit: 1 << 28), as: UTF8.self).split(
      separator: "\n"
    )
    .filter { $0.hasSuffix("(INJECTED)") }
    return Set(faults.filter { $0.effect == .error }.map(\.call))
      .filter { call in !injected.contains { $0.contains(" \(call)(") } }
  }

  /// What failed in the last run with a fault.
  public func lastHit() throws -> String {
    String(decoding: try Files.read(hits, limit: 1 << 28), as: UTF8.self).split(separator: "\n")
      .last { $0.hasSuffix("(INJECTED)") }.map(String.init) ?? "no call"
  }

  private static let births = ["clone", "clone3", "fork", "vfork"]

  private struct HasChild: Error { let call: String }

  /// How many system calls the last run made.
  public func callCount() throws -> Int {
    try lines().count
  }

  private func lines() throws -> [Substring] {
    String(decoding: try Files.read(trace, limit: 1 << 28), as: UTF8.self).split(separator: "\n")
  }

  private func occurrences(of call: String) throws -> [Int] {
    let count = try lines().count { $0.hasPrefix("\(call)(") }
    return (0..<count).map { $0 + 1 }
  }

  /// Removes the stand-in and what its runs have left.
  public func remove() {
    for path in [script, trace, hits] { try? Files.remove(path) }
  }
}
