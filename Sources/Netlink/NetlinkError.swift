public import Platform

/// What the kernel answered when it refused a request.
public struct NetlinkError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was being done, to what: "create ipvlan link ipv1a2b on ens5".
  public let operation: String
  /// The error number of the answer.
  public let errno: Errno
  /// The kernel's own words (extended acknowledgement, Linux 4.12), when it had any.
  public let kernelText: String?

  /// Describes a refusal.
  public init(operation: String, errno: Errno, kernelText: String? = nil) {
    self.operation = operation
    self.errno = errno
    self.kernelText = kernelText
  }

  /// Operation, error number in words, and the kernel's text.
  public var description: String {
    let words = "cannot \(operation): \(errno)"
    return kernelText.map { "\(words) (kernel: \($0))" } ?? words
  }
}
