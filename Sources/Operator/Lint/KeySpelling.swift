internal import IPVLAN
internal import JSON

/// Finds keys of a network configuration that are spelled almost like one that the plugin reads.
///
/// A plugin passes over keys that it does not know: others of its chain, or the runtime, may read them. So `"mastr"` would attach pods
/// to the NIC of the default route, and nobody says so.
enum KeySpelling {
  private static let ofPlugin =
    PluginConfiguration.keys + [
      "cniVersion", "name", "type", "ipam", "dns", "args", "capabilities", "runtimeConfig", "prevResult",
    ]
  private static let ofHostLocal = [
    "type", "ranges", "routes", "dataDir", "resolvConf", "subnet", "rangeStart", "rangeEnd", "gateway",
    "inProcess",
  ]
  private static let ofStatic = ["type", "addresses", "routes", "dns", "inProcess"]

  private static let ofRange = ["subnet", "rangeStart", "rangeEnd", "gateway"]
  private static let ofAddress = ["address", "gateway"]
  private static let ofRoute = ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"]

  /// The keys of a plugin's object and of its `ipam` that look like a mistake.
  static func errors(_ plugin: JSONFields) -> [JSONFieldError] {
    var errors = mistyped(plugin, ofPlugin)
    guard let ipam = (try? plugin.fields("ipam")) ?? nil else { return errors }
    func look(_ key: String, _ known: [String]) {
      for entry in (try? ipam.objects(key)) ?? [] { errors += mistyped(entry, known) }
    }
    switch ipam.value("type")?.string {
    case "host-local":
      errors += mistyped(ipam, ofHostLocal)
      for (number, set) in (ipam.value("ranges")?.array ?? []).enumerated() {
        for (place, range) in (set.array ?? []).enumerated() {
          let path = "\(ipam.path(of: "ranges"))[\(number)][\(place)]"
          errors += mistyped(JSONFields(range.object ?? [:], path: path), ofRange)
        }
      }
      look("routes", ofRoute)
    case "static":
      errors += mistyped(ipam, ofStatic)
      look("addresses", ofAddress)
      look("routes", ofRoute)
    default: break
    }
    return errors
  }

  private static func mistyped(_ fields: JSONFields, _ known: [String]) -> [JSONFieldError] {
    fields.object.members.compactMap { key, value in
      guard !isRemark(key), !fields.isKnown(key, known), let meant = nearest(to: key, among: known) else {
        return nil
      }
      return JSONFieldError(
        path: fields.path(of: key), value: value,
        problem: "is not known, and the plugin does not read it: write \"\(meant)\"")
    }
  }

  /// JSON has no comments, so some write them as members.
  private static func isRemark(_ key: String) -> Bool { key.first.map { "_/#".contains($0) } ?? true }

  /// The key that one or two letters too many, too few or wrong, or two of them exchanged, make of the one.
  private static func nearest(to key: String, among known: [String]) -> String? {
    let bytes = Array(key.lowercased().utf8)
    let near = known.compactMap { name -> (name: String, distance: Int)? in
      let other = Array(name.lowercased().utf8)
      // In short words two letters are half of it.
      let limit = other.count < 6 ? 1 : 2
      guard abs(bytes.count - other.count) <= limit else { return nil }
      let distance = distance(bytes, other)
      return distance <= limit ? (name, distance) : nil
    }
    return near.min { $0.distance < $1.distance }?.name
  }

  /// How many single letters have to be put in, left out, replaced, or exchanged with their neighbour (optimal string alignment).
  private static func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var rows = [Array(0...other.count)]
    for (i, a) in one.enumerated() {
      var row = [i + 1]
      for (j, b) in other.enumerated() {
        var least = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a == b ? 0 : 1))
        if i > 0, j > 0, a == other[j - 1], b == one[i - 1] { least = min(least, rows[i - 1][j - 1] + 1) }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[one.count][other.count]
  }
}
