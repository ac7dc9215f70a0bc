internal import CNI
internal import IPVLAN
internal import JSON
internal import Netlink
internal import Platform

/// GC: detaches containers that the runtime does not list and that are gone, then has every network collect its own
/// garbage, told in its own terms what is alive: the runtime knows a pod by `eth0` alone.
///
/// A list can be incomplete: a container that is not listed keeps what it has as long as a process lives in its namespace;
/// without a list, as long as its namespace is there.
struct MultiGarbage {
  private let request: Request
  private let log: OperationLog
  private let configuration: MultiConfiguration
  private let store: RecordStore

  /// Reads the configuration.
  /// - Throws: ``CNIError`` for anything in it that cannot be used.
  init(_ request: Request, log: OperationLog) throws(CNIError) {
    self.request = request
    self.log = log
    configuration = try MultiConfiguration(ofFirst: request)
    store = RecordStore(directory: configuration.dataDirectory)
  }

  /// Goes on after a failure, but not without knowing all that is recorded.
  /// - Throws: ``CNIError`` with all failures.
  func run() throws(CNIError) {
    var failures: [CNIError] = []
    var living: [AttachmentRecord] = []
    let isAlive = Living(request.configuration.validAttachments)
    for key in try store.keys() {
      // An ADD or a DEL is at work; it may have done so with the record since the directory was listed.
      guard let open = try store.open(key, waiting: false) else { continue }
      guard let record = try store.read(key) else {
        if open.isFree { try store.remove(key) }
        continue
      }
      guard open.isFree, record.network == request.configuration.name, !isAlive(record) else {
        living.append(record)
        continue
      }
      // Given up here: DEL takes the lock itself.
      _ = consume open
      do throws(CNIError) {
        try detach(record)
        log.note("detached container \(record.containerID), which is gone")
      } catch {
        failures.append(error)
        living.append(record)
      }
    }
    log.endStep("detach")
    failures += collect(living)
    log.endStep("forward")
    if let failure = CNIError(joining: failures) { throw failure }
  }

  private func detach(_ record: AttachmentRecord) throws(CNIError) {
    var environment = request.environment
    environment["CNI_COMMAND"] = Command.delete.rawValue
    environment["CNI_CONTAINERID"] = record.containerID
    environment["CNI_IFNAME"] = record.ifname
    environment["CNI_NETNS"] = NetworkNamespace.exists(at: record.netns) ? record.netns : nil
    environment["CNI_ARGS"] = nil
    try MultiDeleter(Request(.delete, environment, stdin: request.configuration.bytes), log: log).run()
  }

  /// Networks go by the names of their configurations: all of one name are told of the living attachments of each.
  private func collect(_ living: [AttachmentRecord]) -> [CNIError] {
    var failures: [CNIError] = []
    var lists: [(list: NetworkList, json: JSONObject)] = []
    var alive: [String: Set<Attachment>] = [:]
    for record in living {
      for network in record.networks {
        let attachment = Attachment(containerID: record.containerID, ifname: network.interface)
        alive[network.list.name, default: []].insert(attachment)
        Self.add(network.list, to: &lists)
      }
    }
    do throws(CNIError) {
      let list = try configuration.defaultList(configuration.defaultNetwork)
      Self.add(list, to: &lists)
      alive[list.name, default: []].formUnion(request.configuration.validAttachments ?? [])
    } catch {
      failures.append(error)
    }
    for (list, _) in lists {
      let valid = request.configuration.validAttachments == nil ? nil : Array(alive[list.name] ?? [])
      failures += NetworkOperations(request, of: list).collectGarbage(keeping: valid)
    }
    return failures
  }

  private static func add(_ list: NetworkList, to lists: inout [(list: NetworkList, json: JSONObject)]) {
    let json = list.withoutArguments.json
    guard !lists.contains(where: { $0.json == json }) else { return }
    lists.append((list.withoutArguments, json))
  }
}

/// Whether containers are alive, as far as that can be told.
private struct Living {
  private let valid: Set<Attachment>?
  /// The namespaces in which processes live; `nil` when not all could be looked at.
  private let occupied: Set<UInt>?

  init(_ valid: [Attachment]?) {
    self.valid = valid.map(Set.init)
    let walk = try? NamespaceWalk<Bool> { _, _ throws(NetlinkError) in true }
    occupied = walk.flatMap { $0.unread.isEmpty ? $0.occupied : nil }
  }

  func callAsFunction(_ record: AttachmentRecord) -> Bool {
    let attachment = Attachment(containerID: record.containerID, ifname: record.ifname)
    if let valid, valid.contains(attachment) { return true }
    guard NetworkNamespace.exists(at: record.netns) else { return false }
    guard valid != nil, let occupied else { return true }
    guard let namespace = try? NetworkNamespace(path: record.netns), let identity = try? namespace.identity()
    else { return true }
    return occupied.contains(identity.inode)
  }
}
