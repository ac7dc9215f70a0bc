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

  /// The keys of a plugin's object and of its `ipam` that look like a mistake.
  static func errors(_ plugin: JSONFields) -> [JSONFieldError] {
    var errors = mistyped(plugin, ofPlugin)
    if let ipam = (try? plugin.fields("ipam")) ?? nil {
      switch ipam.value("type")?.string {
      case "host-local": errors += mistyped(ipam, ofHostLocal)
      case "static": errors += mistyped(ipam, ofStatic)
      default: break
      }
    }
    return errors
  }

  private static func mistyped(_ fields: JSONFields, _ known: [String]) -> [JSONFieldError] {
    fields.object.members.compactMap { key, value in
      guard !fields.isKnown(key, known), let meant = known.first(where: { isNear(key, $0) }) else {
        return nil
      }
      return JSONFieldError(
        path: fields.path(of: key), value: value,
        problem: "is not known, and nobody reads it: write \"\(meant)\"")
    }
  }

  /// Whether one or two letters too many, too few or wrong, or two of them exchanged, make one of the other.
  private static func isNear(_ one: String, _ other: String) -> Bool {
    let (one, other) = (Array(one.lowercased().utf8), Array(other.lowercased().utf8))
    // In short words two letters are half of it.
    return distance(one, other) <= (other.count < 6 ? 1 : 2)
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
