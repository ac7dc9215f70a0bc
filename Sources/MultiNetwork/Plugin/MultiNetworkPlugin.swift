package import CNI
internal import IPVLAN
package import JSON
package import Platform

/// The CNI plugin `ipvlan-multi`: attaches a pod to the networks that its annotations name, without asking an API server.
package struct MultiNetworkPlugin: PluginCommands {
  /// The name by which the executable serves as this plugin, and its type.
  package static let name = "ipvlan-multi"

  /// When the process began.
  private let start: MonotonicInstant

  /// A plugin whose operations began at `start`.
  package init(start: MonotonicInstant) { self.start = start }

  /// All: networks may have plugins that read some.
  package var annotations: [JSONSelection.Rule] { [.beginning("")] }

  /// Attaches a pod to all of its networks, or to none.
  /// - Returns: the result of the default network.
  package func add(_ request: Request) throws(CNIError) -> CNIResult {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      try MultiAdder(request, log: log).run()
    }
  }

  /// Detaches a pod from the networks that ADD has recorded. A missing record is no error.
  package func delete(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      try MultiDeleter(request, log: log).run()
    }
  }

  /// Has every network compare the pod with what it answered.
  package func check(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      try MultiChecker(request, log: log).run()
    }
  }

  /// Detaches containers that are gone, and has every network collect its own garbage.
  package func collectGarbage(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      try MultiGarbage(request, log: log).run()
    }
  }

  /// Tells whether a pod without annotations could be attached.
  package func status(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { _ throws(CNIError) in try MultiStatus(request).run() }
  }
}
