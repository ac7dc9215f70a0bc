internal import CNetlink

/// A message ready to be sent, and what it does in words.
struct NetlinkRequest: Sendable, Hashable {
  /// The wire form; the sequence number is filled in by the socket.
  private(set) var bytes: [UInt8]
  /// What the request does, as the object of "cannot ...".
  let operation: String
  /// Whether the answer is a list that ends with NLMSG_DONE.
  let isDump: Bool
  /// Whether sending it once more leads to the same state and to the same answer, or to one that its senders take for
  /// success: a list, a change that replaces, a removal.
  let isRepeatable: Bool

  /// Builds a message with its family header; `body` appends attributes.
  ///
  /// - Parameter isAcknowledged: the kernel answers even when all is well.
  init<Header: BitwiseCopyable>(
    _ operation: String, type: Int, flags: Int32 = 0, isAcknowledged: Bool = true, header: Header,
    _ body: (inout MessageBuilder) -> Void = { _ in }
  ) {
    self.operation = operation
    isDump = flags & NLM_F_DUMP == NLM_F_DUMP
    isRepeatable = isDump || flags & NLM_F_CREATE == 0 || flags & NLM_F_REPLACE != 0
    // A dump is acknowledged by its end; everything else asks for an acknowledgement.
    let flags = NLM_F_REQUEST | flags | (isDump || !isAcknowledged ? 0 : NLM_F_ACK)
    guard var builder = MessageBuilder(type: Int32(type), flags: flags, header: header) else {
      bytes = []
      return
    }
    body(&builder)
    bytes = builder.finish() ?? []
  }

  /// The same request; the kernel answers it only when it refuses it.
  func unacknowledged() -> NetlinkRequest {
    var request = self
    // nlmsg_flags, the third half-word of the header. NLM_F_ACK is in its first byte.
    if request.bytes.count > 6 { request.bytes[6] &= ~UInt8(NLM_F_ACK) }
    return request
  }
}
