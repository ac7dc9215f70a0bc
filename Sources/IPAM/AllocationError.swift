internal import Addressing

/// Why an allocator could not do what it was asked for.
public struct AllocationError: Error, Sendable, Hashable {
  /// What kind of failure; callers assign their own codes by it.
  public enum Kind: Sendable, Hashable {
    /// No address: no pool is eligible, or all addresses are held.
    case exhausted
    /// Only addresses that were released a moment ago are left; the message says for how long.
    case cooling
    /// Somebody else holds the state for too long; the same call may succeed later.
    case busy
    /// A requested address is held, reserved or in no pool.
    case requestRefused
    /// Somebody has the address, without a lease.
    case addressInUse
    /// The attachment does not hold what it should hold.
    case notHeld
    /// The configuration, or a file that it names, cannot be used.
    case invalidConfiguration
    /// The state cannot be read or written.
    case store
    /// Another program answered with this error code of its own.
    case delegate(code: Int)
  }

  /// What kind of failure.
  public let kind: Kind
  /// What happened, to what: one sentence.
  public let message: String
  /// Why, and what to do; may be empty.
  public internal(set) var details: String

  /// Message and details as one text for people.
  public var text: String { details.isEmpty ? message : "\(message); \(details)" }

  /// The family whose pools were passed over: what became of them belongs to the details, and is looked up when the lease
  /// store is not locked any more.
  var lacking: IPFamily?

  /// Describes a failure.
  public init(_ kind: Kind, _ message: String, details: String = "") {
    self.kind = kind
    self.message = message
    self.details = details
  }
}
