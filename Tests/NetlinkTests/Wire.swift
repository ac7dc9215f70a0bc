@testable import Netlink

/// Bytes as they go over a netlink socket, written as hexadecimal with a comment behind each piece:
///
///     10000000  nlmsg_len
///
/// Everything after the first word of a line is comment.
func wire(_ text: String) -> [UInt8] {
  text.split(separator: "\n").flatMap { line in
    let digits = Array(line.split(separator: " ").first ?? "")
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
  }
}

/// A received message whose payload is `text`.
func received(_ type: UInt16, flags: UInt16 = 0, _ text: String) -> ReceivedMessage {
  ReceivedMessage(type: type, flags: flags, sequence: 1, payload: wire(text)[...])
}
