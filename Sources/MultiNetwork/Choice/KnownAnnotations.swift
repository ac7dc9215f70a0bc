internal import CNI
internal import IPAM
internal import IPVLAN
internal import JSON

/// The annotations of a pod: as the runtime hands them on, else from the pod's file, which `ipvlan-agent` keeps.
struct KnownAnnotations {
  private let object: JSONObject

  /// Whoever is no pod of Kubernetes' has none.
  /// - Throws: ``CNIError`` with code 11 when there is no file yet, 6 for what is no annotation.
  init(of request: Request, runDirectory: String) throws(CNIError) {
    let key = NetworkConfiguration.annotationsKey
    do throws(JSONFieldError) {
      // A runtime writes null for none.
      if let values = request.configuration.runtimeConfig, values.object[key] != nil {
        let fields = try values.fields(key)
        for name in [NetworkAnnotation.defaultNetwork, NetworkAnnotation.networks] {
          _ = try fields?.string(name)
        }
        object = fields?.object ?? [:]
        return
      }
    } catch {
      throw CNIError(error)
    }
    guard let pod = AllocationRequest.Pod(request.arguments) else {
      object = [:]
      return
    }
    do throws(AllocationError) {
      let record = try PodFiles(runDirectory: runDirectory).record(
        of: pod,
        for: "the pod's annotations, which name its networks and which the runtime does not hand on "
          + "(capability \(key))",
        without: "no networks")
      var object = JSONObject()
      for (name, text) in record.annotations.sorted(by: { $0.key < $1.key }) { object[name] = .string(text) }
      self.object = object
    } catch {
      let error = CNIError(error)
      throw error.code == .tryAgainLater
        ? error : CNIError(code: .invalidConfiguration, message: error.message, details: error.details)
    }
  }

  /// The text of an annotation.
  subscript(name: String) -> String? { object[name]?.string }

  /// All of them, for plugins.
  var json: JSONValue { .object(object) }
}
