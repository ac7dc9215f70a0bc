internal import CLibC

/// The process's environment as a value, so that what reads it can be tested.
///
/// Variables are bytes, and programs that are started get them as they came; texts are for reading.
public struct Environment: Sendable, Hashable {
  /// The variables as execve(2) takes them, `NAME=value`, without the NUL at their end.
  public private(set) var entries: [[UInt8]] = []

  /// An environment with these variables.
  public init(_ values: KeyValuePairs<String, String> = [:]) {
    for (name, value) in values { self[name] = value }
  }

  /// The environment that the process was started with.
  public static func current() -> Environment {
    var environment = Environment()
    guard let variables = unsafe clibc_environment() else { return environment }
    while let entry = unsafe variables[environment.entries.count] {
      unsafe environment.entries.append(Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
    }
    return environment
  }

  /// A variable's value; `nil` when it is not set. U+FFFD stands for bytes that are no UTF-8.
  ///
  /// A search through the list: a plugin asks for seven variables, and a dictionary costs more to make.
  public subscript(name: String) -> String? {
    get { value(of: name).map { String(decoding: $0, as: UTF8.self) } }
    set {
      if let position = position(of: name) { entries.remove(at: position) }
      if let newValue { entries.append(Array("\(name)=\(newValue)".utf8)) }
    }
  }

  /// Sets a variable to bytes, which need not be UTF-8.
  public mutating func set(_ name: String, to value: [UInt8]) {
    self[name] = nil
    entries.append(Array("\(name)=".utf8) + value)
  }

  /// Whether a variable's value is what the subscript tells, byte for byte; so is one that is not set.
  public func isText(_ name: String) -> Bool {
    value(of: name).map { String(validating: $0, as: UTF8.self) != nil } ?? true
  }

  private func value(of name: String) -> ArraySlice<UInt8>? {
    position(of: name).map { entries[$0].dropFirst(name.utf8.count + 1) }
  }

  private func position(of name: String) -> Int? {
    let count = name.utf8.count
    return entries.firstIndex { entry in
      entry.count > count && entry[count] == UInt8(ascii: "=") && entry.starts(with: name.utf8)
    }
  }
}

/// The name by which the process was called.
public enum ProgramName {
  /// The last part of the path in `argv[0]`; `nil` when there is none.
  public static func current() -> String? {
    guard let name = unsafe clibc_program_name(), unsafe name[0] != 0 else { return nil }
    return unsafe String(cString: name)
  }
}

/// Who the process runs as.
public enum Credentials {
  /// Whether it may do everything; the C call is geteuid(2).
  public static var isRoot: Bool { geteuid() == 0 }
}
