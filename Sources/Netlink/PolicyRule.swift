public import Addressing
internal import CNetlink

/// A rule of policy routing (ip-rule(8)): which packets are looked up in which table.
public struct PolicyRule: Sendable, Hashable {
  /// The family that it is for.
  public let family: IPFamily
  /// Its place among the rules, less first.
  public let priority: UInt32
  /// The table that is looked up: 254 is main.
  public let table: UInt32
  /// Only packets from this network.
  public let source: CIDR?
  /// Only packets with this mark.
  public let mark: NetfilterMark?
  /// Only packets that are bound to leave by the link of this name.
  public let outgoingLink: String?
  /// Routes with prefixes of this length and shorter ones do not count.
  public let suppressedPrefixLength: UInt32?

  /// Describes a rule.
  public init(
    _ family: IPFamily, priority: UInt32, table: UInt32, source: CIDR? = nil, mark: NetfilterMark? = nil,
    outgoingLink: String? = nil, suppressedPrefixLength: UInt32? = nil
  ) {
    self.family = family
    self.priority = priority
    self.table = table
    self.source = source
    self.mark = mark
    self.outgoingLink = outgoingLink
    self.suppressedPrefixLength = suppressedPrefixLength
  }
}

extension PolicyRule: CustomStringConvertible {
  /// As `ip rule` writes it: `500: from all oif ens6 lookup 4102`.
  public var description: String {
    var words = "\(priority): from \(source.map { "\($0)" } ?? "all")"
    if let mark {
      words += " fwmark 0x\(String(mark.value, radix: 16))/0x\(String(mark.mask, radix: 16))"
    }
    if let outgoingLink { words += " oif \(outgoingLink)" }
    words += " lookup \(table == Route.mainTable ? "main" : "\(table)")"
    if let suppressedPrefixLength { words += " suppress_prefixlength \(suppressedPrefixLength)" }
    return words
  }
}

extension PolicyRule {
  /// Reads `struct fib_rule_hdr` and its attributes; `nil` for any other message, and for a rule that does
  /// not look a table up.
  init?(_ message: ReceivedMessage) {
    let payload = message.payload
    guard message.type == UInt16(RTM_NEWRULE), let socketFamily = payload.number(at: 0, as: UInt8.self),
      let family = IPFamily.allCases.first(where: { $0.socketFamily == socketFamily }),
      let sourceLength = payload.number(at: 2, as: UInt8.self),
      let shortTable = payload.number(at: 4, as: UInt8.self),
      payload.number(at: 7, as: UInt8.self) == UInt8(FR_ACT_TO_TBL)
    else { return nil }
    let attributes = message.attributes(after: MemoryLayout<fib_rule_hdr>.size)
    let markValue = attributes.number(FRA_FWMARK, as: UInt32.self) ?? 0
    let markMask = attributes.number(FRA_FWMASK, as: UInt32.self) ?? 0
    // The kernel writes "none" as all ones.
    let suppressed = attributes.number(FRA_SUPPRESS_PREFIXLEN, as: UInt32.self)
    self.family = family
    priority = attributes.number(FRA_PRIORITY, as: UInt32.self) ?? 0
    table = attributes.number(FRA_TABLE, as: UInt32.self) ?? UInt32(shortTable)
    source = attributes.address(FRA_SRC).flatMap { CIDR(address: $0, prefixLength: Int(sourceLength)) }
    mark = markMask == 0 ? nil : NetfilterMark(value: markValue, mask: markMask)
    outgoingLink = attributes.string(FRA_OIFNAME)
    suppressedPrefixLength = suppressed == .max ? nil : suppressed
  }
}

/// The requests about rules.
extension NetlinkRequest {
  /// Adds a rule; EEXIST when the very same one is there.
  static func addRule(_ rule: PolicyRule, routeProtocol: UInt8) -> NetlinkRequest {
    self.rule("add rule \(rule)", RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL, rule) { message in
      // Linux 4.17; earlier ones skip what they do not know.
      message.put(FRA_PROTOCOL, routeProtocol)
    }
  }

  /// Deletes a rule; ENOENT when it is not there.
  static func deleteRule(_ rule: PolicyRule) -> NetlinkRequest {
    self.rule("delete rule \(rule)", RTM_DELRULE, flags: 0, rule) { _ in }
  }

  /// Asks for the rules of a family.
  static func rules(_ family: IPFamily) -> NetlinkRequest {
    var header = fib_rule_hdr()
    header.family = family.socketFamily
    return NetlinkRequest("list the rules", type: RTM_GETRULE, flags: NLM_F_DUMP, header: header)
  }

  private static func rule(
    _ operation: String, _ type: Int, flags: Int32, _ rule: PolicyRule,
    _ body: (inout MessageBuilder) -> Void
  ) -> NetlinkRequest {
    var header = fib_rule_hdr()
    header.family = rule.family.socketFamily
    header.src_len = UInt8(rule.source?.prefixLength ?? 0)
    header.action = UInt8(FR_ACT_TO_TBL)
    return NetlinkRequest(operation, type: type, flags: flags, header: header) { message in
      message.put(FRA_PRIORITY, rule.priority)
      message.put(FRA_TABLE, rule.table)
      if let source = rule.source { message.put(FRA_SRC, source.firstAddress) }
      if let mark = rule.mark {
        message.put(FRA_FWMARK, mark.value)
        message.put(FRA_FWMASK, mark.mask)
      }
      if let link = rule.outgoingLink { message.put(FRA_OIFNAME, link) }
      if let length = rule.suppressedPrefixLength { message.put(FRA_SUPPRESS_PREFIXLEN, length) }
      body(&message)
    }
  }
}
