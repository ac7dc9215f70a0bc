/// The number of a CNI error (CNI SPEC 1.1.0, "Error"): up to 99 the specification's, from 100 the plugin's.
public struct ErrorCode: RawRepresentable, Sendable, Hashable {
  /// The number, as `code` carries it.
  public let rawValue: Int
  /// A code by its number.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// The version of the configuration is not supported.
  public static let incompatibleVersion = ErrorCode(rawValue: 1)
  /// A key has a value that is not supported; the message has both.
  public static let unsupportedField = ErrorCode(rawValue: 2)
  /// The container is not known; the runtime need not call DEL.
  public static let unknownContainer = ErrorCode(rawValue: 3)
  /// A CNI variable of the environment is missing or malformed.
  public static let invalidEnvironment = ErrorCode(rawValue: 4)
  /// Reading or writing failed.
  public static let ioFailure = ErrorCode(rawValue: 5)
  /// The input is not JSON, or a member has the wrong type.
  public static let decodingFailure = ErrorCode(rawValue: 6)
  /// The configuration cannot be used.
  public static let invalidConfiguration = ErrorCode(rawValue: 7)
  /// CNI_NETNS is not a namespace that the plugin may work in.
  public static let invalidNamespace = ErrorCode(rawValue: 8)
  /// Nothing can be had now; the same call may succeed later.
  public static let tryAgainLater = ErrorCode(rawValue: 11)
  /// STATUS: no ADD can be served.
  public static let pluginNotAvailable = ErrorCode(rawValue: 50)
  /// STATUS: no ADD can be served, and containers that run may have limited connectivity.
  public static let pluginNotAvailableLimited = ErrorCode(rawValue: 51)
}
