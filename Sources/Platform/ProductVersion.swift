/// The version of all programs of the project, which are built and installed together.
package enum ProductVersion {
  /// As CHANGELOG.md counts; a build between two releases says so.
  package static let current = "1.0.0+unreleased"
}
