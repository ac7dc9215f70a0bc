package import JSON

/// An error as the runtime shows it to people.
package struct CNIError: Error, Sendable, Hashable {
  /// What kind of failure.
  package let code: ErrorCode
  /// What happened, to what: one sentence.
  package let message: String
  /// Why, in the words of who refused, and what to do; may be empty.
  package let details: String

  /// Message and details as one text for people.
  package var text: String { details.isEmpty ? message : "\(message); \(details)" }

  /// Describes a failure.
  package init(code: ErrorCode, message: String, details: String = "") {
    self.code = code
    self.message = message
    self.details = details
  }

  /// A member of the configuration that is missing or wrong: the codes of the specification.
  package init(_ error: JSONFieldError) {
    let code: ErrorCode =
      switch error.kind {
      case .wrongType: .decodingFailure
      case .unsupported: .unsupportedField
      case .missing, .invalid: .invalidConfiguration
      }
    self.init(code: code, message: error.description)
  }

  /// The error document (CNI SPEC 1.1.0, "Error").
  package func json(version: SpecVersion) -> JSONValue {
    var object: JSONObject = [
      "cniVersion": .string(version.rawValue), "code": .int(code.rawValue), "msg": .string(message),
    ]
    if !details.isEmpty { object["details"] = .string(details) }
    return .object(object)
  }
}
