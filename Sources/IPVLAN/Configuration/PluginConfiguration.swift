package import Addressing
package import CNI
package import JSON
package import Netlink

/// The plugin's own keys of a network configuration, checked as far as they can be without the kernel.
package struct PluginConfiguration: Sendable {
  /// How the parent link is named.
  package enum Master: Sendable, Hashable {
    /// The NIC of the node's default route.
    case defaultRoute
    /// A name or an altname.
    case name(String)
    /// An Ethernet address, which stays when a cloud numbers its NICs anew.
    case mac(MACAddress)
  }

  package private(set) var master: Master
  package let mode: IPVLANMode
  package let flag: IPVLANFlag
  /// In bytes; `nil` takes the master's.
  package let mtu: UInt32?
  /// The master lies in the pod's namespace.
  package let isLinkInContainer: Bool
  /// Node and pods reach each other, and Services work.
  package let hasHostAccess: Bool
  /// Only packets with the pod's own addresses as their source leave it. In mode l2 not unless it is asked for: there
  /// a pod may get further addresses from the network itself, such as those that routers advertise.
  package let checksSources: Bool

  /// How a pod and its node stand to each other.
  package enum NodeAccess: Sendable, Hashable {
    /// They reach each other, and Services work (`hostAccess`): ``HostAccess``.
    case open
    /// The node drops what the pod sends to it and to Services: ``Fence``.
    case fenced
    /// The node never sees the pod's packets: mode l2, or a master in the pod.
    case separate
  }

  /// How a pod of this configuration and its node stand to each other.
  package var nodeAccess: NodeAccess {
    if hasHostAccess { return .open }
    return mode == .l2 || isLinkInContainer ? .separate : .fenced
  }

  /// The keys that are the plugin's own.
  package static let keys = [
    "master", "mode", "flag", "mtu", "linkInContainer", "hostAccess", "sourceCheck", "logFile", "logLevel",
  ]

  /// Reads and checks the keys of `configuration`.
  /// - Throws: ``CNIError`` with code 2 for a value that is not supported, 7 for one that cannot be used.
  package init(_ fields: JSONFields) throws(CNIError) {
    do throws(JSONFieldError) { try self.init(checking: fields) } catch { throw CNIError(error) }
  }

  /// As the other, for those who want to know where the key is.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  package init(checking fields: JSONFields) throws(JSONFieldError) {
    master = try Self.master(fields)
    mode = try Self.choice(fields, "mode", IPVLANMode.allCases, default: .l2)
    flag = try Self.choice(fields, "flag", IPVLANFlag.allCases, default: .bridge)
    // The reference takes 0 for "the master's"; below 68 bytes IPv4 does not work at all (RFC 791).
    mtu = try Self.mtu(fields)
    isLinkInContainer = try fields.bool("linkInContainer") ?? false
    hasHostAccess = try fields.bool("hostAccess") ?? false
    checksSources = try fields.bool("sourceCheck") ?? (mode != .l2)
    // The log reads its keys itself, and leniently; here they are only checked.
    _ = try OperationLog.Configuration(fields)
    if hasHostAccess, mode == .l2 {
      throw fields.error(
        "hostAccess",
        "is not supported in mode l2 (the node never sees the pods' packets, so Services cannot work); "
          + "set \"mode\" to \"l3s\", or to \"l3\"", kind: .unsupported)
    }
    if hasHostAccess, isLinkInContainer {
      throw fields.error("hostAccess", "is not supported with linkInContainer: the master is not the node's")
    }
  }

  /// This configuration with the master that an earlier plugin of the chain names, when the configuration names none:
  /// the one interface of the result that was there before the attachment's own.
  ///
  /// ADD and CHECK must agree, so that interfaces that later plugins added do not count.
  /// - Throws: ``CNIError`` with code 7 when there are several to choose from.
  func chained(behind previous: CNIResult?, ifname: String) throws(CNIError) -> PluginConfiguration {
    guard master == .defaultRoute, let previous else { return self }
    let own = previous.position(of: ifname)
    // Where the master lies: in the pod with linkInContainer, else on the node.
    let names = previous.interfaces[..<(own ?? previous.interfaces.endIndex)]
      .filter { ($0.sandbox != nil) == isLinkInContainer && !$0.name.isEmpty }.map { $0.name }
    guard names.count <= 1 else {
      throw CNIError(
        code: .invalidConfiguration,
        message: "key \"master\" is required: prevResult names more than one interface that it could be: "
          + names.joined(separator: ", "),
        details: "set \"master\" to the one that the pod's addresses belong to")
    }
    guard let name = names.first else { return self }
    var configuration = self
    do throws(JSONFieldError) {
      let fields = JSONFields(["master": .string(name)], path: "prevResult.interfaces")
      configuration.master = try Self.master(fields)
    } catch {
      throw CNIError(error)
    }
    return configuration
  }

  private static func master(_ fields: JSONFields) throws(JSONFieldError) -> Master {
    guard let text = try fields.string("master"), !text.isEmpty else { return .defaultRoute }
    // The other form of an address, 0a00.0000.05e4, may be a link's name.
    if text.utf8.count == 17, let mac = MACAddress(text) { return .mac(mac) }
    // Altnames have up to 127 bytes (ALTIFNAMSIZ).
    let isName = text.utf8.count < 128 && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2F }
    guard isName else { throw fields.error("master", "must be a link's name, altname or MAC address") }
    return .name(text)
  }

  private static func mtu(_ fields: JSONFields) throws(JSONFieldError) -> UInt32? {
    guard let mtu = try fields.int("mtu", in: 0...65535), mtu != 0 else { return nil }
    guard mtu >= 68 else { throw fields.error("mtu", "must be 0 (the master's) or at least 68") }
    return UInt32(mtu)
  }

  /// One of the values that a key can have, by its text; an empty text is the default, as in the reference.
  private static func choice<Choice: CustomStringConvertible>(
    _ fields: JSONFields, _ key: String, _ choices: [Choice], default fallback: Choice
  ) throws(JSONFieldError) -> Choice {
    guard let text = try fields.string(key), !text.isEmpty else { return fallback }
    guard let choice = choices.first(where: { $0.description == text }) else {
      let known = choices.map { $0.description }.joined(separator: ", ")
      throw fields.error(key, "must be one of \(known)", kind: .unsupported)
    }
    return choice
  }
}
