internal import CNetlink

/// A message ready to be sent, and what it does in words.
struct Request: Sendable, Hashable {
  /// The wire form; the sequence number is filled in by the socket.
  let bytes: [UInt8]
  /// What the request does, as the object of "cannot ...".
  let operation: String
  /// Whether the answer is a list that ends with NLMSG_DONE.
  let isDump: Bool

  /// Builds a message with its family header; `body` appends attributes.
  ///
  /// - Parameter isAcknowledged: the kernel answers even when all is well.
  init<Header: BitwiseCopyable>(
    _ operation: String, type: Int, flags: Int32 = 0, isAcknowledged: Bool = true, header: Header,
    _ body: (inout MessageBuilder) -> Void = { _ in }
  ) {
    self.operation = operation
    isDump = flags & NLM_F_DUMP == NLM_F_DUMP
    // A dump is acknowledged by its end; everything else asks for an acknowledgement.
    let flags = NLM_F_REQUEST | flags | (isDump || !isAcknowledged ? 0 : NLM_F_ACK)
    guard var builder = MessageBuilder(type: Int32(type), flags: flags, header: header) else {
      bytes = []
      return
    }
    body(&builder)
    bytes = builder.finish() ?? []
  }
}
