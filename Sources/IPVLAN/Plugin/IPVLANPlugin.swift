public import CNI
internal import IPPool
public import Platform

/// The CNI plugin `ipvlan`: what it does for each command.
public struct IPVLANPlugin: PluginVerbs {
  /// When the process began.
  private let start: MonotonicInstant

  /// A plugin whose operations began at `start`.
  public init(start: MonotonicInstant) { self.start = start }

  /// Those by which a pod chooses its pools.
  public var annotations: [String] { ["\(PodAnnotations.ofPools)*"] }

  /// Attaches a pod to an ipvlan link; all or nothing.
  public func add(_ request: Request) throws(CNIError) -> CNIResult {
    try logged(request) { log throws(CNIError) in
      let adder = try Adder(request)
      log.endStep("parse")
      return try adder.run(log: &log)
    }
  }

  /// Detaches a pod; what is not there any more is fine.
  public func delete(_ request: Request) throws(CNIError) {
    try logged(request) { log throws(CNIError) in
      let deleter = Deleter(request)
      log.endStep("parse")
      try deleter.run(log: &log)
    }
  }

  /// Compares the kernel and the leases with what ADD answered.
  public func check(_ request: Request) throws(CNIError) {
    try logged(request) { log throws(CNIError) in
      let checker = try Checker(request)
      log.endStep("parse")
      try checker.run(log: &log)
    }
  }

  /// Removes links and leases that no valid attachment owns.
  public func collectGarbage(_ request: Request) throws(CNIError) {
    try logged(request) { log throws(CNIError) in try GarbageCollector(request).run(log: &log) }
  }

  /// Tells whether an ADD could be served.
  public func status(_ request: Request) throws(CNIError) {
    try logged(request) { log throws(CNIError) in try StatusProbe(request).run(log: &log) }
  }

  /// Runs an operation and writes its line into the log. Errors say which attachment they are about.
  private func logged<Value>(
    _ request: Request, _ body: (inout OperationLog) throws(CNIError) -> Value
  ) throws(CNIError) -> Value {
    var log = OperationLog(lenient: request.configuration.fields, start: start)
    log.endStep("start")
    do throws(CNIError) {
      let value = try body(&log)
      log.finish(request, error: nil)
      return value
    } catch {
      log.finish(request, error: error)
      throw request.containerID.isEmpty ? error : error.adding(request.subject)
    }
  }
}

extension Request {
  /// The attachment in words, for error details.
  fileprivate var subject: String {
    let pod = arguments["K8S_POD_NAME"].map { " (pod \(arguments["K8S_POD_NAMESPACE"] ?? "")/\($0))" } ?? ""
    return "interface \(ifname) of container \(containerID)\(pod) on network \(configuration.name)"
  }
}
