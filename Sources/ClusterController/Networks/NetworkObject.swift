internal import ClusterObjects
internal import JSON
internal import KubernetesClient
internal import Operator
internal import YAML

/// A SpiderMultusConfig of the API server, read as `ipvlanctl render` reads it.
struct NetworkObject: Sendable {
  /// The NetworkAttachmentDefinition that it asks for.
  let key: ObjectKey
  /// The definition's `spec.config`, as `ipvlanctl render --as nad` prints it; empty for none.
  let text: String

  struct Failure: Error { let verdict: NetworkPlan.Verdict }

  /// Reads an object.
  static func read(_ object: UnstructuredObject, mode: String) -> Result<NetworkObject, Failure> {
    do throws(Failure) { return .success(try NetworkObject(object, mode: mode)) } catch {
      return .failure(error)
    }
  }

  private init(_ object: UnstructuredObject, mode: String) throws(Failure) {
    if let type = object["spec"]?["cniType"]?.string, !MultusConfiguration.types.contains(type) {
      throw Failure(
        verdict: .notServed(
          "cniType \(type) is not served here, but by Spiderpool: no NetworkAttachmentDefinition is made of it"
        ))
    }
    var members = JSONObject(document: object, of: Resources.networks)
    var metadata = JSONObject()
    metadata["name"] = object.metadata.name.map(JSONValue.string)
    metadata["namespace"] = object.metadata.namespace.map(JSONValue.string)
    metadata["annotations"] = object.metadata.annotations.map { annotations in
      .object(JSONObject(annotations.mapValues(FieldValue.string)))
    }
    members["metadata"] = .object(metadata)
    let configuration: MultusConfiguration
    do throws(JSONFieldError) {
      configuration = try MultusConfiguration(YAML.KubernetesObject(fields: JSONFields(members)))
    } catch {
      throw Failure(verdict: .invalid("\(error)"))
    }
    key = ObjectKey(namespace: configuration.namespace, name: configuration.name)
    do throws(UserError) { text = try configuration.configuration(mode: mode) } catch {
      throw Failure(verdict: .invalid("\(error)"))
    }
  }
}
