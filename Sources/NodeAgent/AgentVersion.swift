/// The version of the agent.
public enum AgentVersion {
  /// As CHANGELOG.md counts; a build between two releases says so.
  public static let current = "1.0.0+unreleased"
}
