public import Addressing
internal import JSON
internal import Platform
package import YAML

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
  /// Whether an agent of this node brings labels and annotations of its pods: then a pod whose file is missing is waited
  /// for. Said with the pools, so that it holds whenever they do: also after a reboot, before an agent runs.
  public private(set) var hasPodFiles = false
  /// Whether every file could be read. Else there may be pools that nobody knows of.
  private(set) var hasReadAll = true
  /// The agent's file as it was before it was read, where somebody has looked.
  var agentFile: FileStatus?
  /// The pools that were read, until ``finish()`` compares them.
  private var read: [PoolContradictions.Subject] = []

  /// A catalog of nothing, for those who have read the documents themselves.
  public init() {}

  /// Pools that were read before (``CompiledCatalog``).
  init(pools: [NodePool], faults: [PoolFault], hasPodFiles: Bool) {
    (self.pools, self.faults, self.hasPodFiles) = (pools, faults, hasPodFiles)
  }

  /// Reads `*.yaml`, `*.yml` and `*.json` of a directory.
  public init(directory: String) {
    let names: [String]
    do throws(Errno) { names = try Files.names(in: directory) } catch {
      faults = [PoolFault(file: directory, document: nil, line: nil, problem: "cannot be listed: \(error)")]
      hasReadAll = false
      return
    }
    for name in names where Self.isRead(name) { read("\(directory)/\(name)") }
    finish()
  }

  /// The name of the file that `ipvlan-agent` writes. Read after all others: what a person wrote on the node counts first.
  public static let agentFileName = "zz-kubernetes.json"

  /// What the file system says of that file; `nil` where there is none.
  static func agentFileStatus(in directory: String) -> FileStatus? {
    try? FileStatus(of: "\(directory)/\(agentFileName)")
  }

  /// Whether a file of that name in the directory is read at all.
  public static func isRead(_ name: String) -> Bool {
    !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains(where: name.hasSuffix)
  }

  /// The pool of that name.
  public func pool(named name: String) -> NodePool? { pools.first { $0.name == name } }

  private mutating func read(_ file: String) {
    let bytes: [UInt8]
    do throws(Errno) { bytes = try Files.read(file) } catch {
      faults.append(PoolFault(file: file, document: nil, line: nil, problem: "cannot be read: \(error)"))
      hasReadAll = false
      return
    }
    for (index, document) in YAMLText.documents(in: bytes).enumerated() {
      switch document {
      case .success(let document):
        let source = NodePool.Source(file: file, document: index + 1, line: document.line)
        if Self.saysPodFiles(document) { hasPodFiles = true }
        for object in document.objects { read(object, of: document, source) }
      case .failure(let error):
        faults.append(PoolFault(file: file, document: index + 1, line: error.line, problem: error.problem))
      }
    }
  }

  /// The member of a List's metadata by which an agent says that it follows pods.
  public static let podFilesKey = "followsPods"

  private static func saysPodFiles(_ document: YAMLDocument) -> Bool {
    guard let list = document.value.object, list["kind"]?.string == "List" else { return false }
    return list["metadata"]?.object?[podFilesKey]?.bool ?? false
  }

  private mutating func read(
    _ object: Result<KubernetesObject, JSONFieldError>, of document: YAMLDocument, _ source: NodePool.Source
  ) {
    do throws(JSONFieldError) {
      let object = try object.get()
      if take(object, of: document, at: source) { return }
      let kind = try object.fields.required("kind", object.fields.string("kind"))
      guard !Self.networkKinds.contains(kind) else { return }
      throw object.fields.error("kind", "must be SpiderIPPool or SpiderReservedIP", kind: .unsupported)
    } catch {
      faults.append(PoolFault(error, document, source))
    }
  }

  /// Those who paste a guide have the networks in the same file.
  private static let networkKinds = ["SpiderMultusConfig", "NetworkAttachmentDefinition"]

  /// Reads a SpiderIPPool or a SpiderReservedIP; what is wrong with it becomes a fault.
  /// - Returns: `false` for an object of another kind, which is left alone.
  package mutating func take(
    _ object: KubernetesObject, of document: YAMLDocument, at source: NodePool.Source
  ) -> Bool {
    guard let kind = object.kind, ["SpiderIPPool", "SpiderReservedIP"].contains(kind) else { return false }
    let isReservation = kind == "SpiderReservedIP"
    do throws(JSONFieldError) {
      // A reservation counts whatever else is wrong with it.
      if isReservation { reserve(object) }
      try object.requireGroup("spiderpool.spidernet.io", version: "v2beta1")
      if isReservation {
        try Self.checkReservation(object)
      } else {
        let pool = try NodePool(object, source: source)
        read.append(PoolContradictions.Subject(pool: pool, fields: object.fields, document: document))
      }
    } catch {
      var fault = PoolFault(error, document, source)
      fault.isReservation = isReservation
      faults.append(fault)
    }
    return true
  }

  /// A wrong entry does not set the others free. Every entry that can be read is reserved, and so is what a wrong one can
  /// mean: a range whose ends are in the wrong order, or a network.
  private mutating func reserve(_ object: KubernetesObject) {
    let entries = object.fields.object["spec"]?.object?["ips"]?.array ?? []
    let ranges = entries.compactMap { $0.string }.compactMap { text -> IPRange? in
      if let range = IPRange(text) { return range }
      if let network = CIDR(text) { return IPRange(network) }
      let ends = text.split(separator: "-").map { end in String(end.filter { !$0.isWhitespace }) }
      guard ends.count <= 2, let first = ends.first.flatMap({ IPAddress($0) }),
        let last = ends.last.flatMap({ IPAddress($0) })
      else { return nil }
      return IPRange(first, last) ?? IPRange(last, first)
    }
    reserved = AddressSet(reserved.ranges + ranges)
  }

  private static func checkReservation(_ object: KubernetesObject) throws(JSONFieldError) {
    try object.refuseUnknownKeys()
    _ = try object.name()
    let spec = try object.fields.required("spec", object.fields.fields("spec"))
    try spec.refuseUnknownKeys(known: ["ipVersion", "ips"])
    _ = try NodePool.ranges(spec, "ips", family: NodePool.version(spec))
  }

  /// Compares the pools with each other and takes the reserved addresses out of them, when all documents are read: they
  /// may be written behind the pools that have them.
  public mutating func finish() {
    let (obeyed, contradictions) = PoolContradictions.resolve(read)
    pools = obeyed
    read = []
    if !contradictions.isEmpty {
      faults += contradictions.map { PoolFault($0.error, $0.subject.document, $0.subject.pool.source) }
      // As they are written.
      faults = faults.enumerated().sorted { left, right in
        (left.element.file, left.element.document ?? 0, left.offset)
          < (right.element.file, right.element.document ?? 0, right.offset)
      }.map { $0.element }
    }
    guard !reserved.isEmpty else { return }
    for index in pools.indices where pools[index].addresses.overlaps(reserved) {
      pools[index].addresses = pools[index].addresses.subtracting(reserved)
    }
  }
}

extension PoolFault {
  fileprivate init(_ error: JSONFieldError, _ document: YAMLDocument, _ source: NodePool.Source) {
    self.init(
      file: source.file, document: source.document, line: document.line(of: error.path),
      problem: error.description)
  }
}
