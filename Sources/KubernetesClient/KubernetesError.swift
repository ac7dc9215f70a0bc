/// Why a request did not give what it was sent for.
///
/// None of these says that there is nothing: an error is "I could not ask", never an empty answer.
public struct KubernetesError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is: what the caller may do depends on it.
  public enum Kind: Sendable, Hashable {
    /// The kubeconfig or a file that it names cannot be used. No request was sent.
    case configuration
    /// No connection, or it broke before the answer was complete. A change may have been made all the same.
    case unreachable
    /// The server's certificate is not one of the configured authority, or not for this address.
    case untrusted
    /// No complete answer in time. A change may have been made all the same.
    case timedOut
    /// The task was cancelled.
    case cancelled
    /// The answer is not what the API promises, or not what the Swift type can hold.
    case undecodable
    /// The object cannot be written as JSON.
    case unencodable
    /// 400: the server did not understand the request.
    case badRequest
    /// 401: the server does not know who asks, though the credentials were read again.
    case unauthorized
    /// 403: no role allows it.
    case forbidden
    /// 404: no such object; of a collection, no such resource.
    case notFound
    /// 409: an object of that name exists.
    case alreadyExists
    /// 409: the object has changed since it was read, another manager owns a field, or a precondition does not hold.
    case conflict
    /// 410: the server no longer has the version or the page that was asked for: list again from the start.
    case expired
    /// 422: the object breaks a rule.
    case invalid
    /// 429: later; see ``KubernetesError/retryAfter``.
    case tooManyRequests
    /// 5xx: the server cannot answer now; see ``KubernetesError/retryAfter``.
    case serverFailed
    /// Another HTTP status.
    case other
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// What was tried: "list spiderippools.spiderpool.spidernet.io".
  public let action: String
  /// What happened, as a sentence without its subject.
  public let problem: String
  /// The server's own words.
  public let status: Status?
  /// How long the server asks to wait before the next try.
  public let retryAfter: Duration?

  /// Describes a failure.
  public init(
    _ kind: Kind, action: String, problem: String, status: Status? = nil, retryAfter: Duration? = nil
  ) {
    self.kind = kind
    self.action = action
    self.problem = problem
    self.status = status
    self.retryAfter = retryAfter
  }

  /// One line for people.
  public var description: String { "cannot \(action): \(problem)" }

  /// Whether the same request may succeed later without anybody's doing.
  public var isTransient: Bool {
    switch kind {
    case .unreachable, .timedOut, .tooManyRequests, .serverFailed: true
    default: false
    }
  }
}

extension KubernetesError {
  /// The error for a status other than success.
  init(action: String, code: Int, status: Status?, retryAfter: Duration?) {
    let kind: Kind =
      switch code {
      case 400: .badRequest
      case 401: .unauthorized
      case 403: .forbidden
      case 404: .notFound
      case 409: status?.reason == "AlreadyExists" ? .alreadyExists : .conflict
      case 410: .expired
      case 422: .invalid
      case 429: .tooManyRequests
      case 500...599: .serverFailed
      default: .other
      }
    let reason = status?.reason.map { " \($0)" } ?? ""
    // Of a token that is not valid the server says "Unauthorized" twice.
    let message = status?.message.map { $0 == status?.reason ? "" : ": \($0)" } ?? ""
    self.init(
      kind, action: action, problem: "the server answers \(code)\(reason)\(message)", status: status,
      retryAfter: retryAfter ?? status?.details?.retryAfterSeconds.map { .seconds($0) })
  }
}
