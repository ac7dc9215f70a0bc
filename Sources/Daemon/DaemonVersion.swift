/// The version of agent and controller, which are one file.
public enum DaemonVersion {
  /// As CHANGELOG.md counts; a build between two releases says so.
  public static let current = "1.0.0+unreleased"
}
