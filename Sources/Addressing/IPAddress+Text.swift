extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
  /// Reads the usual notation: dotted decimal without leading zeros, or RFC 4291 text.
  ///
  /// A zone (`fe80::1%eth0`), a prefix length, white space and IPv4 octets such as `010` are refused:
  /// other readers disagree on what they mean. An IPv4 address in IPv6 notation (`::ffff:10.0.0.1`) is that IPv4
  /// address, as for other programs: under its IPv6 form Linux never puts it on the wire.
  public init?(_ text: String) {
    let characters = Array(text.utf8)
    if characters.contains(UInt8(ascii: ":")) {
      guard let value = IPAddress.parseV6(characters[...]) else { return nil }
      self.init(family: value >> 32 == 0xFFFF ? .v4 : .v6, value: value)
    } else {
      guard let value = IPAddress.parseV4(characters[...]) else { return nil }
      self.init(family: .v4, value: UInt128(value))
    }
  }

  /// Dotted decimal, or the shortest RFC 5952 form in lower case.
  public var description: String {
    family == .v4 ? bytes.map { String($0) }.separated(by: ".") : v6Description
  }

  private var v6Description: String {
    let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: value >> $0) }
    let run = IPAddress.longestZeroRun(groups)
    let hex = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.separated(by: ":") }
    // ::ffff:a.b.c.d keeps its dotted tail, as every other tool prints it (RFC 5952 section 5).
    if value >> 32 == 0xFFFF { return "::ffff:\(IPAddress(family: .v4, value: value))" }
    guard let run else { return hex(groups[...]) }
    return hex(groups[..<run.lowerBound]) + "::" + hex(groups[run.upperBound...])
  }

  /// The first longest run of at least two zero groups (RFC 5952 section 4.2).
  private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
    var best: Range<Int>?
    var start = 0
    while start < groups.count {
      let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
      if end - start >= 2, end - start > best?.count ?? 0 { best = start..<end }
      start = max(end, start + 1)
    }
    return best
  }

  private static func parseV4(_ text: ArraySlice<UInt8>) -> UInt32? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else {
        return nil
      }
      var octet = 0
      for character in part {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
        octet = octet * 10 + Int(character - UInt8(ascii: "0"))
      }
      guard octet <= 255 else { return nil }
      value = value << 8 | UInt32(octet)
    }
    return value
  }

  private static func parseV6(_ text: ArraySlice<UInt8>) -> UInt128? {
    guard let gap = firstDoubleColon(text) else {
      guard let groups = parseGroups(text), groups.count == 8 else { return nil }
      return join(groups)
    }
    guard let head = parseGroups(text[..<gap], isEnd: false), let tail = parseGroups(text[(gap + 2)...]),
      head.count + tail.count <= 7
    else { return nil }
    return join(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
  }

  private static func firstDoubleColon(_ text: ArraySlice<UInt8>) -> Int? {
    text.indices.dropLast().first { text[$0] == UInt8(ascii: ":") && text[$0 + 1] == UInt8(ascii: ":") }
  }

  private static func join(_ groups: [UInt16]) -> UInt128 { groups.reduce(0) { $0 << 16 | UInt128($1) } }

  /// Reads `a:b:c`, or `a:b:1.2.3.4` at the end of an address; empty text is no group at all.
  private static func parseGroups(_ text: ArraySlice<UInt8>, isEnd: Bool = true) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
      if part.contains(UInt8(ascii: ".")) {
        guard isEnd, index == parts.count - 1, let dotted = parseV4(part) else { return nil }
        groups += [UInt16(dotted >> 16), UInt16(truncatingIfNeeded: dotted)]
      } else {
        guard let group = parseHexadecimal(part) else { return nil }
        groups.append(group)
      }
    }
    return groups
  }

  private static func parseHexadecimal(_ text: ArraySlice<UInt8>) -> UInt16? {
    guard (1...4).contains(text.count) else { return nil }
    return HexadecimalDigits.value(text).map { UInt16(truncatingIfNeeded: $0) }
  }
}
