internal import Platform

/// The network namespaces of this machine, found without changing anything.
public enum NamespaceInventory {
  /// A path that opens each network namespace once: bind mounts (as container runtimes make them) first,
  /// then the namespaces of processes that no mount names.
  ///
  /// What dies during the walk is left out.
  public static func paths() -> [String] {
    var seen: Set<UInt> = []
    let mounted = mountPoints().filter { path in
      guard let namespace = try? NetworkNamespace(path: path), let identity = try? namespace.identity() else {
        return false
      }
      return seen.insert(identity.inode).inserted
    }
    return mounted + processes().filter { seen.insert($0.inode).inserted }.map(\.path)
  }

  /// The inodes of the namespaces that processes are in; without root only those of the caller's own processes.
  public static func occupied() -> Set<UInt> { Set(processes().map(\.inode)) }

  /// Mount points of the nsfs file system: field 5 of proc_pid_mountinfo(5), the type behind the dash.
  private static func mountPoints() -> [String] {
    guard let bytes = try? Files.read("/proc/self/mountinfo", limit: 16 << 20) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count,
        fields[dash + 1] == "nsfs", fields[3].hasPrefix("net:")
      else { return nil }
      return unescape(fields[4])
    }
  }

  /// The namespace of each process: the target of the link is `net:[4026531840]`, its inode, which is read
  /// without opening a thousand files.
  private static func processes() -> [(path: String, inode: UInt)] {
    Processes.numbers().compactMap { process in
      let path = "/proc/\(process)/ns/net"
      guard let target = try? Files.linkTarget(path), target.hasPrefix("net:["), target.hasSuffix("]"),
        let inode = UInt(target.dropFirst(5).dropLast())
      else { return nil }
      return (path, inode)
    }
  }

  /// mountinfo writes blanks, tabs, newlines and backslashes as three octal digits.
  private static func unescape(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(3), as: UTF8.self)
      if byte == UInt8(ascii: "\\"), digits.utf8.count == 3, let escaped = UInt8(digits, radix: 8) {
        bytes.append(escaped)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
