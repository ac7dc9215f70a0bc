internal import Addressing
internal import JSON

/// What `ipam` says with `"type": "host-local"`, in the keys of the reference plugin.
struct HostLocalConfiguration: Sendable {
  /// Where the reference keeps its leases.
  static let defaultDataDirectory = "/var/lib/cni/networks"

  /// One address is given from each set.
  let sets: [HostLocalRangeSet]
  /// The routes of every attachment.
  let routes: [IPRoute]
  /// The file that the name service settings are read from.
  let resolvConf: String?
  /// The directory that has one directory for each network.
  let dataDirectory: String

  /// Reads `subnet`, `rangeStart`, `rangeEnd`, `gateway` (the old form: a first set of one range), `ranges`,
  /// `routes`, `resolvConf` and `dataDir`. Ranges may be missing, as the runtime can bring some.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ fields: JSONFields) throws(JSONFieldError) {
    var sets: [HostLocalRangeSet] = []
    if try HostLocalRange.subnet(fields) != nil {
      sets.append(HostLocalRangeSet(try HostLocalRange(fields)))
    } else {
      try HostLocalRange.checkSyntax(fields)
    }
    let path = fields.path(of: "ranges")
    self.sets = try Self.join(sets, try Self.sets(try fields.array("ranges") ?? [], path: path), path: path)
    var routes: [IPRoute] = []
    for entry in try fields.objects("routes") ?? [] { routes.append(try IPRoute(entry)) }
    self.routes = routes
    resolvConf = try fields.string("resolvConf").flatMap { $0.isEmpty ? nil : $0 }
    dataDirectory = try Self.dataDirectory(fields)
  }

  /// Reads `dataDir` alone.
  /// - Throws: ``JSONFieldError`` when it is no string.
  init(ofLeases fields: JSONFields) throws(JSONFieldError) {
    (sets, routes, resolvConf) = ([], [], nil)
    dataDirectory = try Self.dataDirectory(fields)
  }

  private static func dataDirectory(_ fields: JSONFields) throws(JSONFieldError) -> String {
    let directory = try fields.string("dataDir") ?? ""
    return directory.isEmpty ? defaultDataDirectory : directory
  }

  /// The sets, those of the runtime (capability `ipRanges`) first.
  /// - Throws: ``JSONFieldError`` with the path and the value of what is wrong.
  func sets(after runtime: [JSONValue]) throws(JSONFieldError) -> [HostLocalRangeSet] {
    let path = "runtimeConfig.ipRanges"
    return try Self.join(try Self.sets(runtime, path: path), sets, path: path)
  }

  private static func sets(_ values: [JSONValue], path: String) throws(JSONFieldError) -> [HostLocalRangeSet]
  {
    var sets: [HostLocalRangeSet] = []
    for (index, value) in values.enumerated() {
      let set = try HostLocalRangeSet(value, path: "\(path)[\(index)]")
      if let other = sets.firstIndex(where: set.overlaps) {
        throw JSONFieldError(
          path: "\(path)[\(index)]", value: value, problem: "overlaps \(sets[other]), another set")
      }
      sets.append(set)
    }
    return sets
  }

  private static func join(
    _ first: [HostLocalRangeSet], _ second: [HostLocalRangeSet], path: String
  ) throws(JSONFieldError) -> [HostLocalRangeSet] {
    for set in first {
      if let other = second.first(where: set.overlaps) {
        throw JSONFieldError(path: path, value: nil, problem: "has sets that overlap: \(set) and \(other)")
      }
    }
    return first + second
  }
}
