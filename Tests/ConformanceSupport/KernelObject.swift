internal import CConformanceSupport
internal import Glibc

/// An object of the kernel's networking as rtnetlink describes it, whole: header and attributes, as text.
///
/// A second reader beside iproute2, for comparisons: it decodes little and leaves nothing out, so that a difference
/// that nobody thought of shows too, and it starts no program.
struct KernelObject: Hashable, Sendable, CustomStringConvertible {
  /// What is listed, with the layout of its messages (rtnetlink(7), linux/rtnetlink.h).
  struct Kind: Sendable {
    let title: String
    /// The request: `RTM_GETLINK` and so on.
    let request: Int32
    let families: [Int32]
    /// Names and sizes in bytes of the header's fields; fields without a name are padding or change by themselves.
    let header: [(name: String, size: Int)]
    /// The bits of the field `flags` that count.
    let flags: UInt64
    /// Names of attributes; others are shown by number.
    let attributes: [Int: String]
    /// Attributes that change by themselves: counters, ages, the state of the other end of a wire.
    let volatile: Set<Int>
    /// Attributes that hold an address when they have the size of one.
    let addresses: Set<Int>
  }

  let kind: Kind
  /// The message without what changes by itself.
  private let bytes: [UInt8]

  /// Objects are equal when the kernel says the same of them.
  static func == (left: KernelObject, right: KernelObject) -> Bool { left.bytes == right.bytes }

  /// As equality sees it.
  func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

  /// Lists all objects of a kind in the calling thread's namespace.
  static func all(_ kind: Kind) throws -> [KernelObject] {
    try kind.families.flatMap { family in
      objects(kind, in: try dump(netlinkRoute, kind.request, family))
    }
  }

  /// The objects of netlink messages that lie one behind the other.
  static func objects(_ kind: Kind, in bytes: [UInt8]) -> [KernelObject] {
    messages(bytes).map { KernelObject(kind, payload: $0) }
  }

  /// Whether nftables holds any table; a kernel without nftables holds none.
  static func hasFirewallTables() -> Bool {
    let getTable: Int32 = 10 << 8 | 1
    return (try? dump(netlinkNetfilter, getTable, 0))?.isEmpty == false
  }

  private static let netlinkRoute: Int32 = 0
  private static let netlinkNetfilter: Int32 = 12

  private static func dump(_ protocol: Int32, _ type: Int32, _ family: Int32) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    let length = unsafe conformance_dump(`protocol`, type, family, &buffer, UInt(buffer.count))
    guard length >= 0 else { throw SupportError("cannot list objects of request \(type): error \(-length)") }
    return Array(buffer.prefix(length))
  }

  /// The payloads of netlink messages that lie one behind the other.
  private static func messages(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var payloads: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while rest.count >= 16 {
      let length = Int(number(rest.prefix(4)))
      guard (16...rest.count).contains(length) else { break }
      payloads.append(rest.prefix(length).dropFirst(16))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return payloads
  }

  private init(_ kind: Kind, payload: ArraySlice<UInt8>) {
    self.kind = kind
    var bytes: [UInt8] = []
    var rest = payload
    for (name, size) in kind.header {
      let mask = name.isEmpty ? 0 : name == "flags" ? kind.flags : .max
      let value = Self.number(rest.prefix(size)) & mask
      bytes += (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
      rest = rest.dropFirst(size)
    }
    Self.walk(rest) { type, _, attribute in
      if !kind.volatile.contains(type) { bytes += attribute }
    }
    self.bytes = bytes
  }

  /// A field of the header by its name.
  func field(_ name: String) -> UInt64? {
    var offset = 0
    for field in kind.header {
      if field.name == name { return Self.number(bytes[offset..<offset + field.size]) }
      offset += field.size
    }
    return nil
  }

  /// The object as one line.
  var description: String {
    let fields = kind.header.filter { !$0.name.isEmpty }.map { "\($0.name) \(field($0.name) ?? 0)" }
    return (fields + attributes.map { "\($0.name) \($0.text)" }).joined(separator: ", ")
  }

  /// The text of an attribute.
  func attribute(named name: String) -> String? { attributes.first { $0.name == name }?.text }

  private var attributes: [(name: String, text: String)] {
    var found: [(String, String)] = []
    let headerSize = kind.header.reduce(0) { $0 + $1.size }
    Self.walk(bytes.dropFirst(headerSize)) { type, value, _ in
      let text = Self.text(value, isAddress: kind.addresses.contains(type))
      found.append((kind.attributes[type] ?? "attribute\(type)", text))
    }
    return found
  }

  /// Calls `body` with each attribute's type, value, and whole bytes up to the next one.
  private static func walk(
    _ attributes: ArraySlice<UInt8>, _ body: (Int, ArraySlice<UInt8>, ArraySlice<UInt8>) -> Void
  ) {
    var rest = attributes
    while rest.count >= 4 {
      let length = Int(number(rest.prefix(2)))
      guard (4...rest.count).contains(length) else { break }
      let whole = rest.prefix((length + 3) & ~3)
      body(Int(number(rest.dropFirst(2).prefix(2))) & 0x3FFF, whole.prefix(length).dropFirst(4), whole)
      rest = rest.dropFirst(whole.count)
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A value as people read it best: an address, a name, a number, else hexadecimal.
  private static func text(_ bytes: ArraySlice<UInt8>, isAddress: Bool) -> String {
    if isAddress, bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
    if isAddress, bytes.count == 16 {
      let words = stride(from: 0, to: 16, by: 2).map { offset in
        let start = bytes.startIndex + offset
        return String(UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1]), radix: 16)
      }
      return words.joined(separator: ":")
    }
    if bytes.count > 1, bytes.last == 0, bytes.dropLast().allSatisfy({ (0x21..<0x7F).contains($0) }) {
      return String(decoding: bytes.dropLast(), as: UTF8.self)
    }
    if [1, 2, 4].contains(bytes.count) { return String(number(bytes)) }
    return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
