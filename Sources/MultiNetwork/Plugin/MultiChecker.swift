internal import CNI
internal import IPVLAN
internal import JSON

/// CHECK: has every network compare the pod with what it answered to ADD, and tells all differences at once.
struct MultiChecker {
  private let request: Request
  private let log: OperationLog
  private let store: RecordStore

  /// Reads the configuration.
  /// - Throws: ``CNIError`` for anything in it that cannot be used.
  init(_ request: Request, log: OperationLog) throws(CNIError) {
    self.request = request
    self.log = log
    store = RecordStore(directory: try MultiConfiguration(request).dataDirectory)
  }

  /// Silent when everything is as it was made.
  /// - Throws: ``CNIError``: that of the network that differs, or code 106 for several.
  func run() throws(CNIError) {
    let key = RecordStore.key(request.containerID, request.ifname)
    guard let record = try store.read(key) else {
      throw CNIError(
        code: .checkFailed, message: "container \(request.containerID) has no networks: none are recorded",
        details: "the records lie in \(store.directory)")
    }
    let results = try store.results(key)
    guard results.count == record.networks.count else {
      throw CNIError(
        code: .checkFailed,
        message: "container \(request.containerID) has only a part of its networks: ADD has not ended")
    }
    var failures: [CNIError] = []
    for (network, result) in zip(record.networks, results) {
      failures += NetworkOperations(request, network).check(result)
      log.endStep(network.interface)
    }
    let all = CNIError(joining: failures, as: failures.count > 1 ? .checkFailed : nil)
    if let all { throw all }
  }
}
