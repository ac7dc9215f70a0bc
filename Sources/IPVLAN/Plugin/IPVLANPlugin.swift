package import CNI
internal import IPAM
package import JSON
package import Platform

/// The CNI plugin `ipvlan`: what it does for each command.
package struct IPVLANPlugin: PluginCommands {
  /// When the process began.
  private let start: MonotonicInstant

  /// A plugin whose operations began at `start`.
  package init(start: MonotonicInstant) { self.start = start }

  /// Those by which a pod chooses its pools.
  package var annotations: [JSONSelection.Rule] { PodAnnotations.rules }

  /// Attaches a pod to an ipvlan link; all or nothing.
  package func add(_ request: Request) throws(CNIError) -> CNIResult {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      let adder = try Adder(request, log: log)
      log.endStep("parse")
      return try adder.run()
    }
  }

  /// Detaches a pod. A link or lease that is gone already is no error.
  package func delete(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      let deleter = Deleter(request, log: log)
      log.endStep("parse")
      try deleter.run()
    }
  }

  /// Compares the kernel and the leases with what ADD answered.
  package func check(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      let checker = try Checker(request, log: log)
      log.endStep("parse")
      try checker.run()
    }
  }

  /// Removes links and leases that no valid attachment owns.
  package func collectGarbage(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      try GarbageCollector(request, log: log).run()
    }
  }

  /// Tells whether an ADD could be served.
  package func status(_ request: Request) throws(CNIError) {
    try OperationLog.run(request, since: start) { log throws(CNIError) in
      try StatusProbe(request, log: log).run()
    }
  }
}
