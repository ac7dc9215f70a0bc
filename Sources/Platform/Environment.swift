#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The process's environment as a value, so that what reads it can be tested.
public struct Environment: Sendable, Hashable {
  /// The variables as execve(2) takes them: `NAME=value`.
  public private(set) var entries: [String] = []

  /// An environment with these variables.
  public init(_ values: KeyValuePairs<String, String> = [:]) {
    for (name, value) in values { self[name] = value }
  }

  /// The environment that the process was started with.
  public static func current() -> Environment {
    var environment = Environment()
    while let entry = unsafe environ[environment.entries.count] {
      unsafe environment.entries.append(String(cString: entry))
    }
    return environment
  }

  /// A variable's value; `nil` when it is not set.
  ///
  /// A search through the list: a plugin asks for seven variables, and a dictionary costs more to make.
  public subscript(name: String) -> String? {
    get { position(of: name).map { String(entries[$0].utf8.dropFirst(name.utf8.count + 1)) ?? "" } }
    set {
      if let position = position(of: name) { entries.remove(at: position) }
      if let newValue { entries.append("\(name)=\(newValue)") }
    }
  }

  private func position(of name: String) -> Int? {
    entries.firstIndex { entry in
      let rest = entry.utf8.dropFirst(name.utf8.count)
      return rest.first == UInt8(ascii: "=") && entry.utf8.starts(with: name.utf8)
    }
  }
}
