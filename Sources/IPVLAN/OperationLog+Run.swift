package import CNI
package import Platform

extension OperationLog {
  /// Runs an operation and writes its line into the log. Errors say which attachment they are about.
  ///
  /// - Parameter start: when the process began.
  package static func run<Value>(
    _ request: Request, since start: MonotonicInstant,
    _ body: (OperationLog) throws(CNIError) -> Value
  ) throws(CNIError) -> Value {
    let log = OperationLog(lenient: request.configuration.fields, start: start)
    log.endStep("start")
    do throws(CNIError) {
      let value = try body(log)
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
