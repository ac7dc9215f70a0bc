internal import Platform

/// The whole state that a plugin could have changed, at one moment.
public struct Snapshot: Sendable, Equatable {
  /// One thing that was found.
  enum Fact: Hashable, Sendable, CustomStringConvertible {
    case object(KernelObject)
    case text(String)

    /// The fact as one line.
    var description: String {
      switch self {
      case .object(let object): object.description
      case .text(let text): text
      }
    }
  }

  /// What was found, by where: "node: routes".
  private(set) var sections: [String: Set<Fact>] = [:]

  /// Looks at the node, the fabric and every pod whose namespace is there.
  public init(of node: Node) throws {
    for namespace in [node.namespace, node.fabric] + node.pods.map(\.namespace) where namespace.isAlive {
      try add(namespace)
    }
    addFiles(in: node.directory)
  }

  /// Looks at one namespace.
  public init(of namespace: Namespace) throws { try add(namespace) }

  /// What is in `later` and not here, and the other way round; empty when nothing is.
  ///
  /// - Parameter ignored: sections that are not compared.
  public func difference(from later: Snapshot, ignoring ignored: Set<String> = []) -> String {
    var lines: [String] = []
    for section in Set(sections.keys).union(later.sections.keys).subtracting(ignored).sorted() {
      let (before, after) = (sections[section] ?? [], later.sections[section] ?? [])
      guard before != after else { continue }
      lines.append(section)
      lines += before.subtracting(after).map { "  - \($0)" }.sorted()
      lines += after.subtracting(before).map { "  + \($0)" }.sorted()
    }
    return lines.joined(separator: "\n")
  }

  /// Brings the pods up to date: one that was made since then counts as empty, one that is gone not at all.
  mutating func expectEmptyPods(_ pods: [Pod]) throws {
    for namespace in pods.map(\.namespace) {
      if !namespace.isAlive {
        sections = sections.filter { !$0.key.hasPrefix("\(namespace.label): ") }
      } else if sections["\(namespace.label): links"] == nil {
        for (title, lines) in try Self.emptyNamespace.get() {
          sections["\(namespace.label): \(title)"] = lines
        }
      }
    }
  }

  /// What a namespace looks like in which nothing was done yet.
  private static let emptyNamespace: Result<[String: Set<Fact>], any Error> = Result {
    let snapshot = try Snapshot(of: Namespace("", .heldByProcess))
    return Dictionary(uniqueKeysWithValues: snapshot.sections.map { (String($0.key.dropFirst(2)), $0.value) })
  }

  private mutating func add(_ namespace: Namespace) throws {
    let settings = Self.settings
    let found = try namespace.run {
      var found: [(String, Set<Fact>)] = []
      for kind in KernelObject.Kind.compared {
        let objects = try KernelObject.all(kind).filter { !$0.isPassing }
        found.append((kind.title, Set(objects.map(Fact.object))))
      }
      found.append(("sysctl", Set(settings.compactMap(Self.setting))))
      found.append(("nftables", KernelObject.hasFirewallTables() ? [.text("tables")] : []))
      return found
    }
    for (title, facts) in found { sections["\(namespace.label): \(title)"] = facts }
    guard sections["\(namespace.label): nftables"]?.isEmpty == false else { return }
    let ruleset = try namespace.execute("nft", ["--stateless", "list", "ruleset"]).mustSucceed()
    sections["\(namespace.label): nftables"] = [.text(ruleset.text)]
  }

  private static func setting(_ name: String) -> Fact? {
    (try? Files.read("/proc/sys/\(name)", limit: 4096)).map {
      .text("\(name) = \(String(decoding: $0.dropLast(), as: UTF8.self))")
    }
  }

  private mutating func addFiles(in directory: String, title: String = "files") {
    sections[title, default: []].formUnion([])
    for name in (try? Files.names(in: directory)) ?? [] {
      let path = "\(directory)/\(name)"
      if Files.isRegularFile(path) {
        let content = (try? Files.read(path)).map { String(decoding: $0.prefix(400), as: UTF8.self) }
        sections[title, default: []].insert(.text("\(path): \((content ?? "").debugDescription)"))
      } else {
        addFiles(in: path, title: title)
      }
    }
  }

  private static let settings: [String] = {
    let links = ["all", "default", "ens5", "ens6", "eth0"]
    let ipv4 = [
      "forwarding", "rp_filter", "proxy_arp", "arp_ignore", "arp_announce", "arp_notify", "accept_local",
      "route_localnet", "send_redirects", "src_valid_mark",
    ]
    let ipv6 = ["forwarding", "disable_ipv6", "accept_ra", "accept_dad", "proxy_ndp", "ndisc_notify"]
    return ["net/ipv4/ip_forward", "net/ipv4/ip_nonlocal_bind", "net/ipv4/ping_group_range"]
      + links.flatMap { link in ipv4.map { "net/ipv4/conf/\(link)/\($0)" } }
      + links.flatMap { link in ipv6.map { "net/ipv6/conf/\(link)/\($0)" } }
  }()
}
