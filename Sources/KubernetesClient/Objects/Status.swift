/// The server's answer when it refuses a request (`Status`, meta/v1), and to a deletion.
public struct Status: Codable, Sendable, Hashable {
  /// The HTTP status.
  public var code: Int?
  /// One word for programs: `NotFound`, `AlreadyExists`, `Expired`.
  public var reason: String?
  /// A sentence for people.
  public var message: String?
  /// What the request was about, and the single faults.
  public var details: Details?

  /// What the request was about, and the single faults.
  public struct Details: Codable, Sendable, Hashable {
    /// The object's name.
    public var name: String?
    /// The object's group.
    public var group: String?
    /// The object's kind or resource.
    public var kind: String?
    /// The object's identity.
    public var uid: String?
    /// Each fault.
    public var causes: [Cause]?
    /// After how many seconds the request may be sent again.
    public var retryAfterSeconds: Int?
  }

  /// One fault.
  public struct Cause: Codable, Sendable, Hashable {
    /// One word for programs: `FieldValueInvalid`.
    public var reason: String?
    /// A sentence for people.
    public var message: String?
    /// The path of the field.
    public var field: String?
  }

  /// A status to be sent, as servers do.
  public init(code: Int, reason: String, message: String, details: Details? = nil) {
    self.code = code
    self.reason = reason
    self.message = message
    self.details = details
  }
}
