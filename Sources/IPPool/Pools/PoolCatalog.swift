public import Addressing
internal import JSON
internal import Platform
internal import SystemPackage
internal import YAML

/// The pools of a directory, as far as they can be used, and what is wrong with the rest.
///
/// A document that is wrong hides no other. Of two that contradict each other the later one is refused, by
/// file name and then by position, so that all who read the directory agree and no address is given twice.
public struct PoolCatalog: Sendable {
  /// The pools, in the order in which they are written.
  public private(set) var pools: [NodePool] = []
  /// What cannot be used.
  public private(set) var faults: [PoolFault] = []
  /// The addresses of all SpiderReservedIP documents.
  public private(set) var reserved = AddressSet()

  /// Reads `*.yaml`, `*.yml` and `*.json` of a directory.
  public init(directory: String) {
    let names: [String]
    do throws(Errno) { names = try Files.names(in: directory) } catch {
      faults = [PoolFault(file: directory, document: nil, line: nil, problem: "cannot be listed: \(error)")]
      return
    }
    for name in names where !name.hasPrefix(".") && Self.suffixes.contains(where: name.hasSuffix) {
      read("\(directory)/\(name)")
    }
    finish()
  }

  /// Reads one file by itself, as `ipvlanctl lint` does.
  public init(file: String) {
    read(file)
    finish()
  }

  /// The pool of that name.
  public func pool(named name: String) -> NodePool? { pools.first { $0.name == name } }

  static let suffixes = [".yaml", ".yml", ".json"]
  private static let group = "spiderpool.spidernet.io/"

  private mutating func read(_ file: String) {
    let bytes: [UInt8]
    do throws(Errno) { bytes = try Files.read(file) } catch {
      faults.append(PoolFault(file: file, document: nil, line: nil, problem: "cannot be read: \(error)"))
      return
    }
    for (index, document) in YAMLText.documents(in: bytes).enumerated() {
      switch document {
      case .success(let document):
        read(document, NodePool.Source(file: file, document: index + 1, line: document.line))
      case .failure(let error):
        faults.append(PoolFault(file: file, document: index + 1, line: error.line, problem: error.problem))
      }
    }
  }

  private mutating func read(_ document: YAMLDocument, _ source: NodePool.Source) {
    guard let object = document.value.object else {
      let problem = "the document must be an object such as a SpiderIPPool"
      faults.append(
        PoolFault(file: source.file, document: source.document, line: source.line, problem: problem))
      return
    }
    // kubectl prints several objects as one list.
    let fields = JSONFields(object)
    guard object["kind"]?.string?.hasSuffix("List") ?? false, let items = object["items"]?.array else {
      return take(fields, document, source)
    }
    for (index, item) in items.enumerated() {
      take(JSONFields(item.object ?? [:], path: "items[\(index)]"), document, source)
    }
  }

  private mutating func take(_ fields: JSONFields, _ document: YAMLDocument, _ source: NodePool.Source) {
    do throws(JSONFieldError) {
      let version = try fields.required("apiVersion", fields.string("apiVersion"))
      guard version.hasPrefix(Self.group) else {
        throw fields.error("apiVersion", "must be \(Self.group)v2beta1")
      }
      switch try fields.required("kind", fields.string("kind")) {
      case "SpiderIPPool":
        let pool = try NodePool(fields, source: source)
        try refuseContradiction(pool, fields)
        pools.append(pool)
      case "SpiderReservedIP": try reserve(fields)
      default: throw fields.error("kind", "must be SpiderIPPool or SpiderReservedIP", kind: .unsupported)
      }
    } catch {
      let line = document.line(of: error.path)
      faults.append(
        PoolFault(file: source.file, document: source.document, line: line, problem: error.description))
    }
  }

  /// An entry that is wrong does not set the others free: what can be read is reserved.
  private mutating func reserve(_ fields: JSONFields) throws(JSONFieldError) {
    let spec = try fields.required("spec", fields.fields("spec"))
    let readable = (spec.value("ips")?.array ?? []).compactMap { $0.string.flatMap(IPRange.init) }
    reserved = AddressSet(reserved.ranges + readable)
    let family = try spec.int("ipVersion", in: 4...6).map { $0 == 6 ? IPFamily.v6 : .v4 }
    _ = try NodePool.ranges(spec, "ips", family: family)
    try NodePool.refuseUnknownKeys(spec, known: ["ipVersion", "ips"])
  }

  private func refuseContradiction(_ pool: NodePool, _ fields: JSONFields) throws(JSONFieldError) {
    for other in pools {
      if other.name == pool.name {
        throw JSONFieldError(
          path: fields.path(of: "metadata.name"), value: .string(pool.name),
          problem: "is the name of the pool at \(other.source) too")
      }
      if other.subnet != pool.subnet, other.subnet.overlaps(pool.subnet) {
        throw JSONFieldError(
          path: fields.path(of: "spec.subnet"), value: .string("\(pool.subnet)"),
          problem: "overlaps with subnet \(other.subnet) of pool \(other.name) at \(other.source)")
      }
      if other.addresses.overlaps(pool.addresses) {
        throw JSONFieldError(
          path: fields.path(of: "spec.ips"), value: fields.object["spec"]?.object?["ips"],
          problem: "has addresses of pool \(other.name) at \(other.source)")
      }
    }
  }

  /// Reserved addresses may be written behind the pools that have them.
  private mutating func finish() {
    guard !reserved.isEmpty else { return }
    for index in pools.indices { pools[index].addresses = pools[index].addresses.subtracting(reserved) }
  }
}

/// A pool file, or a document in one, that cannot be used.
public struct PoolFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path of the file or directory.
  public let file: String
  /// The document's position in the file, counted from 1.
  public let document: Int?
  /// The line at which the fault is.
  public let line: Int?
  /// What is wrong, with key and value.
  public let problem: String

  /// `file:line: document 2: problem`.
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return document.map { "\(place): document \($0): \(problem)" } ?? "\(place): \(problem)"
  }
}
