internal import FoundationEssentials
internal import NIOCore
internal import NIOPosix

/// What an error of a socket means, in words: the libraries' own texts name their functions, and leave brackets open.
package struct PlainError: Sendable, CustomStringConvertible {
  /// A part of a sentence: "connection refused".
  package let description: String

  /// Describes what opening, using or listening on a socket has thrown.
  package init(_ error: any Error) {
    description =
      switch error {
      case let error as IOError: Self.words(error.errnoCode)
      case let error as NIOConnectionError: Self.words(error)
      case let error as SocketAddressError.UnknownHost:
        "the name \(error.host) is not found: \(error.errorDescription)"
      case ChannelError.connectTimeout: "no connection in time"
      default: "\(error)"
      }
  }

  private static func words(_ error: NIOConnectionError) -> String {
    // One for each address of the name; all of them have failed.
    let tries = error.connectionErrors.map { "\(PlainError($0.error))" }
    let lookups = [error.dnsAError, error.dnsAAAAError].compactMap(\.self).map { "\(PlainError($0))" }
    var reasons: [String] = []
    for reason in tries.isEmpty ? lookups : tries where !reasons.contains(reason) { reasons.append(reason) }
    return reasons.isEmpty ? "the name \(error.host) has no address" : reasons.joined(separator: "; ")
  }

  private static func words(_ number: CInt) -> String {
    switch POSIXErrorCode(rawValue: number) {
    case .ECONNREFUSED: "connection refused"
    case .ECONNRESET, .EPIPE, .ECONNABORTED: "the connection was broken off"
    case .ETIMEDOUT: "the connection timed out"
    case .EHOSTUNREACH: "no route to that host, or it does not answer"
    case .ENETUNREACH: "no route to that network"
    case .ENETDOWN: "the network is down"
    case .EADDRINUSE: "the address is in use"
    case .EADDRNOTAVAIL: "this node has no such address"
    case .EACCES, .EPERM: "permission denied"
    case .EMFILE, .ENFILE: "too many files are open"
    default: "the kernel's error \(number) (errno)"
    }
  }
}
