internal import Synchronization

/// What the process has asked the kernel for, in words; for a log that wants to know.
///
/// One for the process: sockets are opened in many places, and nobody there has to know of it.
public enum NetlinkRecord {
  private static let isOn = Atomic<Bool>(false)
  /// Embedded Swift has no Mutex here, and what is done under this lock takes no time.
  private static let isBusy = Atomic<Bool>(false)
  private nonisolated(unsafe) static var entries: [String] = []
  /// More is not kept.
  private static let most = 2000

  /// Records from now on.
  public static func begin() { isOn.store(true, ordering: .relaxed) }

  /// What was recorded since the start, in its order: "add address 10.0.0.2/24 to eth0", and for what was refused why.
  public static var operations: [String] { alone { $0 } }

  static func note(_ requests: [NetlinkRequest], _ outcomes: [Outcome] = []) {
    guard isOn.load(ordering: .relaxed) else { return }
    let texts = requests.enumerated().map { index, request in
      let error = outcomes.indices.contains(index) ? outcomes[index].error : nil
      return error.map { "\(request.operation): \($0.errno)" } ?? request.operation
    }
    alone { $0 += texts.prefix(max(0, most - $0.count)) }
  }

  private static func alone<Value>(_ body: (inout [String]) -> Value) -> Value {
    while isBusy.exchange(true, ordering: .acquiring) {}
    defer { isBusy.store(false, ordering: .releasing) }
    return unsafe body(&entries)
  }
}
