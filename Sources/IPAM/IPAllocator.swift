public import Addressing

/// The values of `ipam.type` that this library serves. Any other type is a plugin of CNI_PATH.
public enum AllocatorType: String, Sendable, CaseIterable {
  /// Node pools.
  case ippool
  /// Ranges of the configuration, in the format of the reference plugin.
  case hostLocal = "host-local"
  /// The addresses of the configuration itself.
  case `static`

  /// The names, in the order of the cases.
  public static var names: [String] { allCases.map { $0.rawValue } }
}

/// Gives addresses to attachments and takes them back; what stands behind a value of `ipam.type`.
///
/// An allocator is made from its part of the configuration, and everything in it is checked then: its
/// functions fail only on what they find in the node's state.
///
/// An allocator is a `final class`: of the existential types (`any IPAllocator`) Embedded Swift knows those of classes.
public protocol IPAllocator: AnyObject {
  /// Whether a pod's annotations that choose pools are read, or are somebody else's to read.
  var readsPoolAnnotations: Bool { get }

  /// Gives addresses: one per family or range, all or nothing.
  ///
  /// Idempotent: an attachment that holds addresses gets the same again.
  /// - Throws: ``AllocationError``; then nothing is held that was not held before.
  func allocate(_ request: AllocationRequest) throws(AllocationError) -> Allocation

  /// Takes back what the attachment holds. An attachment without addresses is no error.
  /// - Throws: ``AllocationError`` when the state cannot be read or written.
  func release(_ request: AllocationRequest) throws(AllocationError)

  /// Takes back what one call of `allocate` took, after a later step of that call failed.
  ///
  /// What the attachment held before the call stays, and so does what another call for it was given since.
  /// - Throws: ``AllocationError`` when the state cannot be read or written.
  func undo(_ allocation: Allocation, for request: AllocationRequest) throws(AllocationError)

  /// Tells whether the attachment still holds the addresses.
  /// - Throws: ``AllocationError`` of kind `notHeld` that names every address that it lacks.
  func check(_ request: AllocationRequest, addresses: [AddressAssignment]) throws(AllocationError)

  /// The attachments that hold addresses, of all networks that share the state.
  /// - Throws: ``AllocationError`` when the state cannot be read whole.
  func holders() throws(AllocationError) -> [LeaseHolder]

  /// Takes back what attachments hold that are gone, and goes on after a failure.
  ///
  /// An attachment that was given an address since it was listed keeps what it has.
  /// - Parameter dead: some of ``holders()``.
  /// - Returns: those of them that were freed.
  /// - Throws: ``AllocationError`` when the state cannot be read or written.
  @discardableResult
  func free(_ dead: [LeaseHolder]) throws(AllocationError) -> [LeaseHolder]

  /// Has garbage collected by somebody else, where that one alone can read the state.
  /// - Throws: ``AllocationError`` when it fails.
  func forwardGarbageCollection() throws(AllocationError)

  /// Tells whether an address could be given now, as `allocate` would give it.
  ///
  /// - Parameter occupied: what must not be given, as in a request.
  /// - Returns: faults of the configuration that do not keep it from giving one.
  /// - Throws: ``AllocationError`` that says why not.
  @discardableResult
  func status(avoiding occupied: OccupiedAddresses) throws(AllocationError) -> [String]

  /// The families of which `allocate` would give addresses, whoever asks; empty where that is not known beforehand.
  func families() -> Set<IPFamily>
}

extension IPAllocator {
  /// They are not: only pools can be chosen.
  public var readsPoolAnnotations: Bool { false }

  /// Nothing: the state is this library's own.
  public func forwardGarbageCollection() {}

  /// None are known.
  public func families() -> Set<IPFamily> { [] }
}
