/// The number of a CNI error (CNI SPEC 1.1.0, "Error"): up to 99 the specification's, from 100 the plugin's.
package struct ErrorCode: RawRepresentable, Sendable, Hashable {
  /// The number, as `code` carries it.
  package let rawValue: Int
  /// A code by its number.
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// The version of the configuration is not supported.
  package static let incompatibleVersion = ErrorCode(rawValue: 1)
  /// A key has a value that is not supported; the message has both.
  package static let unsupportedField = ErrorCode(rawValue: 2)
  /// The container is not known; the runtime need not call DEL.
  package static let unknownContainer = ErrorCode(rawValue: 3)
  /// A CNI variable of the environment is missing or malformed.
  package static let invalidEnvironment = ErrorCode(rawValue: 4)
  /// Reading or writing failed.
  package static let ioFailure = ErrorCode(rawValue: 5)
  /// The input is not JSON, or a member has the wrong type.
  package static let decodingFailure = ErrorCode(rawValue: 6)
  /// The configuration cannot be used.
  package static let invalidConfiguration = ErrorCode(rawValue: 7)
  /// CNI_NETNS is not a namespace that the plugin may work in.
  package static let invalidNamespace = ErrorCode(rawValue: 8)
  /// Nothing can be had now; the same call may succeed later.
  package static let tryAgainLater = ErrorCode(rawValue: 11)
  /// STATUS: no ADD can be served.
  package static let pluginNotAvailable = ErrorCode(rawValue: 50)
  /// STATUS: no ADD can be served, and containers that run may have limited connectivity.
  package static let pluginNotAvailableLimited = ErrorCode(rawValue: 51)
}
