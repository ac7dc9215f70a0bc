package import CNI
internal import IPAM
internal import Netlink

/// The plugin's own error codes: CNI leaves 100 and up to plugins.
extension ErrorCode {
  /// The master cannot carry the link: missing, down, of the wrong type, busy with another kind, MTU.
  static let masterUnusable = ErrorCode(rawValue: 100)
  /// Mode or flag differs from what the master's other slaves have.
  static let modeConflict = ErrorCode(rawValue: 101)
  /// The interface name is taken in the pod.
  package static let interfaceNameTaken = ErrorCode(rawValue: 102)
  /// The address is in use on this master.
  static let addressInUse = ErrorCode(rawValue: 103)
  /// No address: no eligible pool, or all are used up.
  static let noAddress = ErrorCode(rawValue: 104)
  /// An address or a route was refused by the kernel.
  static let configurationRefused = ErrorCode(rawValue: 105)
  /// CHECK found a difference.
  package static let checkFailed = ErrorCode(rawValue: 106)
  /// The lease store cannot be read or written.
  static let leaseStore = ErrorCode(rawValue: 107)
}

extension CNIError {
  /// What the plugin was doing in its own words, with the kernel's refusal in the details.
  init(_ code: ErrorCode, _ message: String, _ cause: NetlinkError) {
    self.init(code: code, message: message, details: cause.description)
  }
}
