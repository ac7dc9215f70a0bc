#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The process's environment as a value, so that what reads it can be tested.
public struct Environment: Sendable, Hashable {
  private var values: [String: String]

  /// An environment with these variables.
  public init(_ values: [String: String]) { self.values = values }

  /// The environment that the process was started with.
  public static func current() -> Environment {
    var values: [String: String] = [:]
    var position = 0
    while let entry = unsafe environ[position] {
      position += 1
      let pair = unsafe String(cString: entry)
      if let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) {
        values[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
      }
    }
    return Environment(values)
  }

  /// A variable's value; `nil` when it is not set.
  public subscript(name: String) -> String? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// The variables as execve(2) takes them: `NAME=value`, sorted.
  public var entries: [String] { values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } }
}
