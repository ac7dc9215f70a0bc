/// The number that the kernel gives itself at each start.
public enum BootID {
  /// The number in its usual form, `nil` where /proc does not tell.
  public static func current() -> String? {
    guard let text = try? Files.read("/proc/sys/kernel/random/boot_id", limit: 256) else { return nil }
    return String(decoding: text.filter { $0 > 0x20 }, as: UTF8.self)
  }
}
