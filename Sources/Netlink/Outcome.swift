internal import CNetlink
internal import Platform

/// What the kernel answered to one request.
struct Outcome {
  /// The objects that a GET returned.
  private(set) var messages: [ReceivedMessage] = []
  /// The refusal, if any.
  private(set) var error: NetlinkError?
  /// Whether the last message of the answer has come.
  private(set) var isComplete = false
  /// Whether the list changed while it was sent, so that it may lack or repeat objects.
  private(set) var isInconsistent = false

  /// Adds a message of the answer.
  mutating func take(_ message: ReceivedMessage, of request: NetlinkRequest) {
    if Int32(message.flags) & NLM_F_DUMP_INTR != 0 { isInconsistent = true }
    switch Int32(message.type) {
    case NLMSG_ERROR:
      isComplete = true
      error = Outcome.error(message, of: request, textOffset: Outcome.textOffset(message))
    case NLMSG_DONE:
      isComplete = true
      error = Outcome.error(message, of: request, textOffset: 4)
    case NLMSG_NOOP: break
    default: messages.append(message)
    }
  }

  /// Where the extended acknowledgement starts: behind the number and the request, which the kernel
  /// echoes whole unless it says that it capped it.
  private static func textOffset(_ message: ReceivedMessage) -> Int {
    let isCapped = Int32(message.flags) & NLM_F_CAPPED != 0
    let echoed = message.payload.number(at: 4, as: UInt32.self).map(Int.init) ?? 16
    return 4 + (isCapped ? 16 : (echoed + 3) & ~3)
  }

  private static func error(
    _ message: ReceivedMessage, of request: NetlinkRequest, textOffset: Int
  ) -> NetlinkError? {
    let number = message.payload.number(at: 0, as: Int32.self)
    guard number != 0 else { return nil }
    let hasText = Int32(message.flags) & NLM_F_ACK_TLVS != 0
    let text = hasText ? message.attributes(after: textOffset).string(Int(NLMSGERR_ATTR_MSG.rawValue)) : nil
    return NetlinkError(operation: request.operation, errno: errno(number), kernelText: text)
  }

  /// The kernel answers with a negative error number; anything else is no answer of the kernel's.
  private static func errno(_ number: Int32?) -> Errno {
    guard let number, (-4095..<0).contains(number) else { return .protocolError }
    return Errno(rawValue: -number)
  }
}
