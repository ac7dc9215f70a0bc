internal import JSON
internal import Platform

/// The whole state that a plugin could have changed, at one moment.
public struct Snapshot: Sendable, Equatable {
  /// Lines of text by where they were found: "node: routes".
  public private(set) var sections: [String: [String]] = [:]

  /// Looks at the node, the fabric and every pod whose namespace is there.
  public init(of node: Node) throws {
    for namespace in [node.namespace, node.fabric] + node.pods.map(\.namespace) where namespace.isAlive {
      try add(namespace)
    }
    try addFirewall(node.namespace)
    addFiles(in: node.directory)
  }

  /// What is in `later` and not here, and the other way round; empty when nothing is.
  ///
  /// - Parameter ignored: sections that are not compared.
  public func difference(from later: Snapshot, ignoring ignored: Set<String> = []) -> String {
    var lines: [String] = []
    for section in Set(sections.keys).union(later.sections.keys).subtracting(ignored).sorted() {
      let before = sections[section] ?? []
      let after = later.sections[section] ?? []
      guard before != after else { continue }
      lines.append(section)
      lines += before.filter { !after.contains($0) }.map { "  - \($0)" }
      lines += after.filter { !before.contains($0) }.map { "  + \($0)" }
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
  private static let emptyNamespace: Result<[String: [String]], any Error> = Result {
    var snapshot = Snapshot()
    try snapshot.add(Namespace("", .heldByProcess))
    return Dictionary(uniqueKeysWithValues: snapshot.sections.map { (String($0.key.dropFirst(2)), $0.value) })
  }

  private init() {}

  private mutating func add(_ namespace: Namespace) throws {
    let listings = [
      "link show", "address show", "route show table all", "neighbour show nud permanent", "rule show",
    ]
    let titles = ["links", "addresses", "routes", "neighbours", "rules"]
    for (title, entries) in zip(titles, try namespace.readBatch(["-details"], listings)) {
      sections["\(namespace.label): \(title)"] = entries.map(Self.line).sorted()
    }
    let rules = try namespace.readBatch(["-6", "-details"], ["rule show"])
    sections["\(namespace.label): IPv6 rules"] = rules.joined().map(Self.line).sorted()
    let settings = try namespace.sysctls(Self.settings)
    sections["\(namespace.label): sysctl"] = settings.map { "\($0.key) = \($0.value)" }.sorted()
  }

  /// An entry as one line, without what changes by itself.
  private static func line(_ entry: JSONObject) -> String {
    var entry = entry
    // Carrier and state follow the other end of a wire with a delay.
    entry["operstate"] = nil
    if let flags = entry["flags"]?.array {
      entry["flags"] = .array(flags.filter { !["LOWER_UP", "NO-CARRIER"].contains($0.string ?? "") })
    }
    return String(decoding: JSONValue.object(entry).serialized(), as: UTF8.self)
  }

  private mutating func addFirewall(_ namespace: Namespace) throws {
    let ruleset = try namespace.execute("nft", ["--stateless", "list", "ruleset"]).mustSucceed()
    sections["\(namespace.label): nftables"] = ruleset.text.split(separator: "\n").map(String.init)
  }

  private mutating func addFiles(in directory: String, title: String = "files") {
    sections[title, default: []] += []
    for name in (try? Files.names(in: directory)) ?? [] {
      let path = "\(directory)/\(name)"
      if Files.isRegularFile(path) {
        let content = (try? Files.read(path)).map { String(decoding: $0.prefix(400), as: UTF8.self) }
        sections[title, default: []].append("\(path): \((content ?? "").debugDescription)")
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
