package import CNI

extension CNIError {
  /// This error with one more sentence of details.
  package func adding(_ sentence: String) -> CNIError {
    CNIError(code: code, message: message, details: details.isEmpty ? sentence : "\(details); \(sentence)")
  }
}
