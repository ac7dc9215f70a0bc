internal import CLibC

/// The machine's own name.
public enum HostName {
  /// What gethostname(2) says; `localhost` when it says nothing.
  public static var current: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
