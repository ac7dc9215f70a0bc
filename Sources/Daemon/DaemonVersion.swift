/// The version of agent and controller, which are one file.
package enum DaemonVersion {
  /// As CHANGELOG.md counts; a build between two releases says so.
  package static let current = "1.0.0+unreleased"
}
