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
