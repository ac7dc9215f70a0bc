internal import CLibC

/// The number that the kernel gives itself at each start.
public enum BootID {
  /// The file that tells it.
  public static let path = "/proc/sys/kernel/random/boot_id"

  /// The number in its usual form, `nil` where /proc does not tell.
  public static func current() -> String? { (try? read()).flatMap { $0 } }

  /// The number in its usual form, `nil` where /proc has none.
  /// - Throws: the `Errno` of a file that is there and cannot be read.
  public static func read() throws(Errno) -> String? {
    do throws(Errno) {
      let text = try Files.read(path, limit: 256)
      return String(decoding: text.filter { $0 > 0x20 }, as: UTF8.self)
    } catch .noSuchFileOrDirectory {
      return nil
    }
  }
}

/// The machine's own name.
public enum HostName {
  /// What gethostname(2) says; `localhost` when it says nothing.
  public static var current: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The name that kubelet gives to the Node of a host: in small letters.
  public static func node(of host: String) -> String {
    String(decoding: host.utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
  }
}

/// The processes of this machine.
public enum Processes {
  /// The numbers of all that are visible, as their directories in /proc are called.
  /// - Throws: the `Errno` of open(2) or readdir(3).
  public static func numbers() throws(Errno) -> [String] {
    try Files.names(in: "/proc").filter { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
  }

  /// The names of all that are visible, as the kernel keeps them: 15 bytes at most (proc_pid_comm(5)).
  public static func names() -> Set<String> {
    Set(
      ((try? numbers()) ?? []).compactMap { process in
        (try? Files.read("/proc/\(process)/comm", limit: 64)).map {
          String(decoding: $0.dropLast(), as: UTF8.self)
        }
      })
  }
}
