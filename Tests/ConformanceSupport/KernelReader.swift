internal import Glibc
public import JSON

/// What the kernel says about a namespace, read by iproute2: never by the code under test.
extension Namespace {
  /// Everything that `ip -details -json` tells about a link; `nil` when there is none of that name.
  public func link(_ name: String) throws -> JSONObject? {
    let completion = try execute("ip", ["-details", "-json", "link", "show", "dev", name])
    guard !completion.errors.contains("does not exist") else { return nil }
    try completion.mustSucceed()
    return try Self.documents(completion.text).first?.first
  }

  /// The names of all links, in the kernel's order.
  public func linkNames() throws -> [String] {
    try read("link").compactMap { $0["ifname"]?.string }
  }

  /// The addresses of a link with prefix lengths, without the kernel's own link-local ones.
  public func addresses(of link: String) throws -> [String] {
    try addressEntries(of: link).filter { $0["protocol"]?.string != "kernel_ll" }
      .compactMap { entry in
        guard let local = entry["local"]?.string, let length = entry["prefixlen"]?.int else { return nil }
        return "\(local)/\(length)"
      }.filter { !$0.hasPrefix("fe80:") }
  }

  /// Everything that `ip address` tells about the addresses of a link.
  public func addressEntries(of link: String) throws -> [JSONObject] {
    try read("address", "show", "dev", link).flatMap { $0["addr_info"]?.array ?? [] }.compactMap(\.object)
  }

  /// The routes of a table, each as `ip` writes it: "default via 172.31.16.1 dev eth0".
  ///
  /// Those that the kernel makes for addresses are left out, and so are local and multicast ones.
  public func routes(table: String = "main") throws -> [String] {
    try ["-4", "-6"].flatMap { family in
      try execute("ip", [family, "-details", "route", "show", "table", table]).text.split(separator: "\n")
        .map { $0.split(separator: " ").joined(separator: " ") }
        .filter { !$0.contains("proto kernel") && !$0.contains("proto ra") }
    }
  }

  /// Runs a command that lists something.
  func read(_ arguments: String...) throws -> [JSONObject] {
    let completion = try execute("ip", ["-details", "-json"] + arguments).mustSucceed()
    return try Self.documents(completion.text).flatMap(\.self)
  }

  /// `ip -json` writes each listing on a line of its own.
  private static func documents(_ text: String) throws -> [[JSONObject]] {
    try text.split(separator: "\n").map { line in
      try JSONValue(parsing: Array(line.utf8)).array?.compactMap(\.object) ?? []
    }
  }
}

extension Namespace {
  /// The MAC address by which a link knows its neighbour; waits a moment for the one that is hoped for, since
  /// announcements arrive after the call that sent them.
  public func neighbour(
    _ address: String, on link: String, until isExpected: (String?) -> Bool
  ) throws -> String? {
    var found: String?
    for _ in 0..<patience * 10 {
      found = try read("neighbour", "show", address, "dev", link).first?["lladdr"]?.string
      if isExpected(found) { break }
      usleep(100_000)
    }
    return found
  }
}
