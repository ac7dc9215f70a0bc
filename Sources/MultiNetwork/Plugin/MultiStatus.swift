internal import CNI
internal import IPVLAN
internal import JSON

/// STATUS: could a pod without annotations be attached now?
struct MultiStatus {
  private let request: Request
  private let configuration: MultiConfiguration

  /// Reads the configuration, as ADD does.
  /// - Throws: ``CNIError`` for anything in it that cannot be used.
  init(_ request: Request) throws(CNIError) {
    self.request = request
    configuration = try MultiConfiguration(ofFirst: request)
    do throws(JSONFieldError) {
      _ = try OperationLog.Configuration(request.configuration.fields)
    } catch {
      throw CNIError(error)
    }
  }

  /// Silent when an ADD could be served.
  /// - Throws: ``CNIError`` with code 50 and every reason why not; 51 when a plugin says so.
  func run() throws(CNIError) {
    var reasons: [CNIError] = []
    do throws(CNIError) { try RecordStore(directory: configuration.dataDirectory).probe() } catch {
      reasons.append(error)
    }
    do throws(CNIError) {
      let list = try configuration.defaultList(configuration.defaultNetwork)
      let network = NetworkOperations(request, of: list)
      try network.refuseUnusable()
      reasons += network.status()
    } catch {
      reasons.append(error)
    }
    let isLimited = reasons.contains { $0.code == .pluginNotAvailableLimited }
    let code: ErrorCode = isLimited ? .pluginNotAvailableLimited : .pluginNotAvailable
    if let all = CNIError(joining: reasons, as: code) { throw all }
  }
}
