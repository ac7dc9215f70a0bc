internal import CNI
internal import IPVLAN
internal import JSON

/// DEL: detaches the container from what its record names, the last network first.
///
/// Nothing else is read: neither annotations nor definitions, which change while pods run.
struct MultiDeleter {
  private let request: Request
  private let log: OperationLog
  private let store: RecordStore

  init(_ request: Request, log: OperationLog) {
    self.request = request
    self.log = log
    store = RecordStore(directory: MultiConfiguration.dataDirectory(lenient: request.configuration.fields))
  }

  /// Detaches the container; one that is not recorded has nothing.
  /// - Throws: ``CNIError`` with all failures; then the record stays, and calling again goes on.
  func run() throws(CNIError) {
    let key = RecordStore.key(request.containerID, request.ifname)
    // A plugin that an ADD has started may outlive it.
    guard let open = try store.open(key) else { return log.note("no record: nothing was attached") }
    log.endStep("lock")
    if !open.isFree { log.note("somebody else is still at work on the container") }
    guard let record = try store.read(key) else {
      log.note("the record was never finished: nothing was attached")
      return try store.remove(key)
    }
    let results = try store.results(key)
    var failures: [CNIError] = []
    for (position, network) in record.networks.enumerated().reversed() {
      failures += NetworkOperations(request, network)
        .delete(results.indices.contains(position) ? results[position] : nil)
      log.endStep(network.interface)
    }
    if let failure = CNIError(joining: failures) { throw failure }
    try store.remove(key)
  }
}
