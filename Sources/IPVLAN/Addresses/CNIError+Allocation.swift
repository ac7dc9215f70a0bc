package import CNI
package import IPAM

extension CNIError {
  /// What an allocator said, under the code for its kind.
  package init(_ error: AllocationError) {
    let code: ErrorCode =
      switch error.kind {
      case .exhausted, .requestRefused: .noAddress
      case .addressInUse: .addressInUse
      case .cooling, .busy: .tryAgainLater
      case .notHeld: .checkFailed
      case .invalidConfiguration: .invalidConfiguration
      case .store: .leaseStore
      case .delegate(let code): ErrorCode(rawValue: code)
      }
    self.init(code: code, message: error.message, details: error.details)
  }
}
