/// The versions of the CNI specification that the plugin speaks.
package enum SpecVersion: String, Sendable, CaseIterable, Comparable {
  case v0_1_0 = "0.1.0"
  case v0_2_0 = "0.2.0"
  case v0_3_0 = "0.3.0"
  case v0_3_1 = "0.3.1"
  case v0_4_0 = "0.4.0"
  case v1_0_0 = "1.0.0"
  case v1_1_0 = "1.1.0"

  /// The newest.
  package static let latest = SpecVersion.v1_1_0

  /// Orders by age, the oldest first.
  package static func < (left: SpecVersion, right: SpecVersion) -> Bool { left.rawValue < right.rawValue }
}
