internal import Platform

/// What networkd.conf(5) says, with its drop-in files.
struct NetworkdConfiguration {
  /// The directories of systemd, the one that counts most first.
  static let directories = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"]

  private var settings: [String: String] = [:]

  init(directories: [String] = Self.directories) {
    if let main = directories.map({ "\($0)/networkd.conf" }).first(where: Files.isRegularFile) { read(main) }
    // A name hides the same name in directories that count less; then the order of names counts.
    var files: [String: String] = [:]
    for directory in directories.reversed().map({ "\($0)/networkd.conf.d" }) {
      for name in (try? Files.names(in: directory)) ?? [] where name.hasSuffix(".conf") {
        files[name] = "\(directory)/\(name)"
      }
    }
    for (_, file) in files.sorted(by: { $0.key < $1.key }) { read(file) }
  }

  /// The settings that are on, as by default, and make networkd remove routes and rules of others.
  var managedForeigners: [String] {
    ["ManageForeignRoutes", "ManageForeignRoutingPolicyRules"].filter { key in
      !["no", "n", "false", "f", "off", "0"].contains(settings[key]?.lowercased())
    }
  }

  private mutating func read(_ file: String) {
    guard let bytes = try? Files.read(file) else { return }
    var isInside = false
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let text = line.drop { $0 == " " || $0 == "\t" }
      if text.hasPrefix("[") { isInside = text.hasPrefix("[Network]") }
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard isInside, parts.count == 2, !text.hasPrefix("#"), !text.hasPrefix(";") else { continue }
      settings[parts[0].filter { $0 != " " }] = parts[1].filter { $0 != " " }
    }
  }
}
