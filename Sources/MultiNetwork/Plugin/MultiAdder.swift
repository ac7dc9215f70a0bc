internal import CNI
internal import IPAM
internal import IPVLAN
internal import JSON
internal import Platform

/// ADD: attaches the pod to its networks in their order, all or none.
///
/// Everything is read and checked before the first side effect, which is the record by which DEL finds what to do.
struct MultiAdder {
  private let request: Request
  private let log: OperationLog
  private let configuration: MultiConfiguration

  /// Reads the configuration.
  /// - Throws: ``CNIError`` for anything in it that cannot be used.
  init(_ request: Request, log: OperationLog) throws(CNIError) {
    self.request = request
    self.log = log
    configuration = try MultiConfiguration(ofFirst: request)
    do throws(JSONFieldError) {
      _ = try OperationLog.Configuration(request.configuration.fields)
      if request.configuration.fields.value("prevResult") != nil {
        throw request.configuration.fields.error(
          "prevResult", "is not supported: \(MultiNetworkPlugin.name) is the first of its chain",
          kind: .unsupported)
      }
    } catch {
      throw CNIError(error)
    }
  }

  /// Attaches the pod.
  /// - Throws: ``CNIError``; then no network is attached.
  func run() throws(CNIError) -> CNIResult {
    let networks = try choose()
    log.endStep("choose")
    let store = RecordStore(directory: configuration.dataDirectory)
    let record = try store.begin(AttachmentRecord(request, networks))
    log.endStep("record")
    var results: [JSONObject] = []
    do throws(CNIError) {
      for network in networks {
        results.append(try NetworkOperations(request, network).add())
        log.endStep(network.interface)
      }
      try DefaultRoute(networks, netns: request.netns ?? "")?.move(&results)
      let result = try Self.result(results[0], networks[0])
      try store.finish(record.key, results)
      return result
    } catch {
      throw undo(networks, results, record, store, after: error)
    }
  }

  private static func result(_ result: JSONObject, _ network: PodNetwork) throws(CNIError) -> CNIResult {
    do throws(JSONFieldError) { return try CNIResult(JSONFields(result, ignoringCase: true)) } catch {
      throw CNIError(
        code: .ioFailure, message: "\(network.subject): the result cannot be used: \(error)")
    }
  }

  private func choose() throws(CNIError) -> [PodNetwork] {
    let annotations = try KnownAnnotations(of: request, runDirectory: configuration.runDirectory)
    let pod = AllocationRequest.Pod(request.arguments)
    let choice = try PodNetworks(
      ifname: request.ifname, configuration: configuration,
      pod: (pod?.namespace ?? "default", pod.map { "pod \($0)" } ?? "container \(request.containerID)")
    ) { annotations[$0] }
    var runtime = request.configuration.runtimeConfig?.object ?? [:]
    runtime[NetworkConfiguration.annotationsKey] = annotations.json
    var networks: [PodNetwork] = []
    for network in choice.all {
      let list: NetworkList
      do throws(CNIError) {
        let name = network.selection.name
        list =
          network.isDefault ? try configuration.defaultList(name) : try configuration.definitions.list(name)
        let chosen = try PodNetwork(network, list, runtime: runtime)
        try NetworkOperations(request, chosen).refuseUnusable()
        networks.append(chosen)
      } catch {
        throw CNIError(
          code: error.code, message: "\(network.source): \(error.message)", details: error.details)
      }
    }
    return networks
  }

  /// Takes back what was done, the last first. What cannot be taken back stays recorded, for DEL.
  private func undo(
    _ networks: [PodNetwork], _ results: [JSONObject], _ record: borrowing OpenRecord, _ store: RecordStore,
    after failure: CNIError
  ) -> CNIError {
    var failures: [CNIError] = []
    // The one that failed may have left something, too.
    for position in networks.indices.prefix(results.count + 1).reversed() {
      let result = results.indices.contains(position) ? results[position] : nil
      failures += NetworkOperations(request, networks[position]).delete(result)
    }
    if failures.isEmpty {
      do throws(CNIError) { try store.remove(record.key) } catch { failures.append(error) }
    }
    guard let all = CNIError(joining: failures) else { return failure }
    return failure.adding(
      "not all that was done could be taken back: \(all.message) (\(all.details)); DEL goes on with it")
  }
}
