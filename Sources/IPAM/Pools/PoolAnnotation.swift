internal import Addressing
internal import JSON

/// The pod's own wishes, which Spiderpool's users write as annotations.
///
/// An annotation that cannot be honoured is refused by name: a pod that asks for certain pools must not get an address
/// of others in silence.
struct PoolAnnotation: Sendable {
  /// How the names of Spiderpool's annotations begin.
  static let prefix = "ipam.spidernet.io/"
  // Each plugin's start has these: whole, they cost nothing.
  private static let one = "ipam.spidernet.io/ippool"
  private static let perInterface = "ipam.spidernet.io/ippools"
  private static let routes = "ipam.spidernet.io/routes"
  /// Those that are honoured.
  static let known = [one, perInterface, routes]
  /// How names begin that old releases of Spiderpool wrote, as a report: `assigned-eth0` and its like.
  static let reports = "ipam.spidernet.io/assigned-"

  /// Which annotations are read.
  static let rules: [JSONSelection.Rule] = [
    .exactly(one), .exactly(perInterface), .exactly(routes), .noneBeginning(reports), .firstBeginning(prefix),
  ]

  /// The pools by family; `nil` when the pod does not choose.
  private(set) var names: [IPFamily: [String]]?
  /// The pools' gateways are not for default routes.
  private(set) var hasNoDefaultRoute = false
  /// Routes by gateways of any of the pod's interfaces.
  private(set) var routes: [IPRoute] = []

  /// Reads the annotations that are for an interface.
  /// - Throws: ``AllocationError`` for an annotation that cannot be read, or is not known.
  init(_ request: AllocationRequest) throws(AllocationError) {
    do throws(JSONFieldError) {
      try Self.refuseUnknown(request.annotations)
      if let entries = try Self.entries(request.annotations), let entry = try Self.entry(entries, request) {
        names = try Self.names(entry)
        hasNoDefaultRoute = try entry.bool("cleangateway") ?? false
      } else if let value = try Self.json(request.annotations, Self.one) {
        guard let object = value.object else {
          throw JSONFieldError(.wrongType, path: Self.one, value: value, problem: "must be an object")
        }
        let fields = JSONFields(object, path: Self.one)
        try fields.refuseUnknownKeys(known: ["ipv4", "ipv6"])
        names = try Self.names(fields)
      }
      if let value = try Self.json(request.annotations, Self.routes) {
        for entry in try JSONFields([Self.routes: value]).objects(Self.routes) ?? [] {
          try entry.refuseUnknownKeys(known: ["dst", "gw"])
          _ = try entry.required("gw", entry.string("gw"))
          routes.append(try IPRoute(entry))
        }
      }
    } catch {
      throw AllocationError(.invalidConfiguration, "the pod's annotation cannot be used: \(error)")
    }
  }

  /// Refuses an entry that chooses pools for the interface by its name: whoever has no pools cannot honour it. What
  /// names no interface can be meant for another one of the pod's.
  /// - Throws: ``AllocationError`` that names annotation and interface.
  static func refuseEntry(for request: AllocationRequest) throws(AllocationError) {
    let ifname = request.attachment.ifname
    let entries: [JSONFields]?
    do throws(JSONFieldError) { entries = try Self.entries(request.annotations) } catch {
      // It is for those to judge who read it.
      return
    }
    guard entries?.contains(where: { $0.value("interface")?.string == ifname }) ?? false else { return }
    throw AllocationError(
      .invalidConfiguration,
      "the pod's annotation \(perInterface) chooses pools for interface \(ifname), whose network "
        + "\(request.attachment.network) has none",
      details: "take the entry out of the annotation, or give the network \"ipam\" of type \"ippool\"")
  }

  /// Spiderpool's other annotations choose pools too, by means that are not here.
  private static func refuseUnknown(_ annotations: PodAnnotations) throws(JSONFieldError) {
    guard let (name, text) = annotations.unknown else { return }
    throw JSONFieldError(
      .unsupported, path: name, value: .string(text),
      problem: "is not supported; those that are: \(known.joined(separator: ", "))")
  }

  /// `ippools`: an entry for each interface, which goes before `ippool`, that is for all of them.
  private static func entries(_ annotations: PodAnnotations) throws(JSONFieldError) -> [JSONFields]? {
    guard let value = try json(annotations, perInterface) else { return nil }
    guard let entries = try JSONFields([perInterface: value]).objects(perInterface) else { return nil }
    for entry in entries {
      try entry.refuseUnknownKeys(known: ["interface", "ipv4", "ipv6", "cleangateway"])
    }
    return entries
  }

  /// The entry for an interface. Where no entry names one they are in the order in which Multus numbers them.
  private static func entry(
    _ entries: [JSONFields], _ request: AllocationRequest
  ) throws(JSONFieldError) -> JSONFields? {
    var found: JSONFields?
    var names: Set<String> = []
    for (index, entry) in entries.enumerated() {
      let name = try entry.string("interface").flatMap { $0.isEmpty ? nil : $0 }
      if let name, names.contains(name) { throw entry.error("interface", "occurs twice") }
      if index > 0, (name == nil) != names.isEmpty {
        throw entry.error("interface", "must be in every entry, or in none")
      }
      if let name { names.insert(name) }
      if name ?? (index == 0 ? "eth0" : "net\(index)") == request.attachment.ifname { found = entry }
    }
    return found
  }

  private static func names(_ fields: JSONFields) throws(JSONFieldError) -> [IPFamily: [String]] {
    let names = try IPPoolConfiguration.byFamily(fields)
    guard names.values.contains(where: { !$0.isEmpty }) else {
      throw JSONFieldError(
        path: fields.path, value: .object(fields.object), problem: "must name a pool in ipv4 or in ipv6")
    }
    return names
  }

  /// More text than this, in bytes, is no choice of pools: whoever may start pods must not make the node work.
  private static let longest = 16 << 10

  /// The value of an annotation; templates write an empty text for one that is not set.
  private static func json(_ annotations: PodAnnotations, _ key: String) throws(JSONFieldError) -> JSONValue?
  {
    guard let text = annotations[key], !text.isEmpty else { return nil }
    guard text.utf8.count <= longest else {
      throw JSONFieldError(
        path: key, value: .string(String(text.prefix(100))),
        problem: "must have at most \(longest >> 10) KiB; it has \(text.utf8.count) bytes")
    }
    do throws(JSONSyntaxError) { return try JSONValue(parsing: Array(text.utf8)) } catch {
      throw JSONFieldError(path: key, value: .string(text), problem: "must be JSON: \(error)")
    }
  }
}
