internal import CNI
internal import IPVLAN
internal import JSON

/// What is done to a whole network: its plugins in their order, or in the reverse (CNI SPEC 1.1.0, section 3).
struct NetworkOperations {
  private let list: NetworkList
  private let call: PluginCall
  private let subject: String

  /// A network of a pod.
  init(_ request: Request, _ network: PodNetwork) {
    list = network.list
    call = PluginCall(request, network)
    subject = network.subject
  }

  /// A network, whoever is attached to it.
  init(_ request: Request, of list: NetworkList) {
    self.list = list
    call = PluginCall(request, of: list)
    subject = "network \(list.name)"
  }

  /// Looks for every plugin, before anything is done.
  func refuseUnusable() throws(CNIError) {
    do throws(CNIError) { try call.refuseUnusable() } catch { throw named(error) }
  }

  /// Attaches the pod.
  /// - Returns: the result of the last plugin.
  /// - Throws: ``CNIError`` of the plugin that failed; what it and those before it have done stands.
  func add() throws(CNIError) -> JSONObject {
    var result: JSONObject?
    do throws(CNIError) {
      for plugin in list.plugins { result = try call.run(.add, plugin, previous: result) }
    } catch {
      throw named(error)
    }
    return result ?? [:]
  }

  /// Detaches the pod, the last plugin first. Goes on after a failure.
  ///
  /// - Parameter result: what ADD answered; `nil` when it did not come to that.
  /// - Returns: what failed.
  func delete(_ result: JSONObject?) -> [CNIError] {
    // Before 0.4.0 plugins are told no result (libcni).
    let previous = list.version >= .v0_4_0 ? result : nil
    return failures(list.plugins.reversed()) { plugin throws(CNIError) in
      _ = try call.run(.delete, plugin, previous: previous)
    }
  }

  /// Compares the pod with what ADD answered.
  /// - Returns: what differs.
  func check(_ result: JSONObject) -> [CNIError] {
    guard list.version >= .v0_4_0, !list.isCheckDisabled else { return [] }
    return failures(list.plugins) { plugin throws(CNIError) in
      _ = try call.run(.check, plugin, previous: result)
    }
  }

  /// Has every plugin remove what none of the attachments owns.
  ///
  /// - Parameter valid: all attachments of the network that are alive; `nil` when the runtime does not say.
  /// - Returns: what failed.
  func collectGarbage(keeping valid: [Attachment]?) -> [CNIError] {
    guard list.version >= .v1_1_0, !list.isGarbageCollectionDisabled else { return [] }
    var members = JSONObject()
    if let valid {
      members["cni.dev/valid-attachments"] = .array(
        valid.map { .object(["containerID": .string($0.containerID), "ifname": .string($0.ifname)]) })
    }
    return failures(list.plugins) { [members] plugin throws(CNIError) in
      _ = try call.run(.gc, plugin, with: members)
    }
  }

  /// Asks every plugin whether it could serve an ADD.
  /// - Returns: why not.
  func status() -> [CNIError] {
    guard list.version >= .v1_1_0 else { return [] }
    return failures(list.plugins) { plugin throws(CNIError) in _ = try call.run(.status, plugin) }
  }

  private func failures(
    _ plugins: [JSONObject], _ body: (JSONObject) throws(CNIError) -> Void
  ) -> [CNIError] {
    var failures: [CNIError] = []
    for plugin in plugins {
      do throws(CNIError) { try body(plugin) } catch { failures.append(named(error)) }
    }
    return failures
  }

  private func named(_ error: CNIError) -> CNIError {
    CNIError(code: error.code, message: "\(subject): \(error.message)", details: error.details)
  }
}
