internal import Platform

/// Whose a lease file is, in the reference's words: `<container ID>\r\n<interface>`, or the container ID alone
/// (early versions).
///
/// Two files have the same owner when their content is the same but for white space around it.
struct HostLocalOwner: Sendable, Hashable {
  /// What the file holds.
  let content: [UInt8]

  private static let separator: [UInt8] = [0x0D, 0x0A]

  /// An attachment.
  init(_ attachment: AttachmentID) {
    content = Array(attachment.containerID.utf8) + Self.separator + Array(attachment.ifname.utf8)
  }

  /// A container, whatever the interface.
  init(containerID: String) { content = Array(containerID.utf8) }

  /// Reads a lease file; `nil` when it names nobody.
  init?(_ bytes: [UInt8]) {
    guard let first = bytes.firstIndex(where: { $0 > 0x20 }), let last = bytes.lastIndex(where: { $0 > 0x20 })
    else { return nil }
    content = Array(bytes[first...last])
  }

  /// The number by which the index finds the owner.
  var hash: UInt64 { StableHash.fnv1a(content) }

  /// The attachment; `nil` in the old form, which does not tell the interface.
  func attachment(on network: String) -> AttachmentID? {
    guard let end = content.firstIndex(of: 0x0D), content[end...].starts(with: Self.separator) else {
      return nil
    }
    return AttachmentID(
      network: network, containerID: String(decoding: content[..<end], as: UTF8.self),
      ifname: String(decoding: content[(end + 2)...], as: UTF8.self))
  }
}

extension HostLocalOwner: CustomStringConvertible {
  /// `container interface`, for messages.
  var description: String {
    content.split(whereSeparator: { $0 <= 0x20 }).map { String(decoding: $0, as: UTF8.self) }
      .joined(separator: " ")
  }
}
