public import Addressing

/// Gives addresses to attachments and takes them back; what stands behind a value of `ipam.type`.
///
/// An allocator is made from its part of the configuration, and everything in it is checked then: its
/// functions fail only on what they find in the node's state.
public protocol IPAllocator {
  /// Gives addresses: one per family or range, all or nothing.
  ///
  /// Idempotent: an attachment that holds addresses gets the same again.
  /// - Throws: ``AllocationError``; then nothing is held that was not held before.
  func allocate(_ request: AllocationRequest) throws(AllocationError) -> Allocation

  /// Takes back what the attachment holds; holding nothing is fine.
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

  /// Takes back what is held for attachments that are not alive, and goes on after a failure.
  ///
  /// - Parameter isAlive: whether an attachment that holds addresses must keep them.
  /// - Returns: what was freed.
  /// - Throws: ``AllocationError`` when the state cannot be read or written.
  @discardableResult
  func collectGarbage(isAlive: (LeaseHolder) -> Bool) throws(AllocationError) -> [LeaseHolder]

  /// Tells whether an address could be given now.
  /// - Throws: ``AllocationError`` that says why not.
  func status() throws(AllocationError)
}
