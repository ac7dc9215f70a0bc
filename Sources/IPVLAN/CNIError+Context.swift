package import CNI

extension CNIError {
  /// This error with one more sentence of details.
  package func adding(_ sentence: String) -> CNIError {
    CNIError(code: code, message: message, details: details.isEmpty ? sentence : "\(details); \(sentence)")
  }

  /// All failures in one; `nil` when there is none.
  ///
  /// - Parameter code: the code of the whole; without one it is that of the first failure.
  package init?(joining failures: [CNIError], as code: ErrorCode? = nil) {
    guard let first = failures.first else { return nil }
    self.init(
      code: code ?? first.code, message: failures.map { $0.message }.joined(separator: "; "),
      details: failures.map { $0.details }.filter { !$0.isEmpty }.joined(separator: "; "))
  }
}
