package import JSON

/// What a plugin does for each command; VERSION is answered for it.
package protocol PluginCommands {
  /// The annotations of the pod that the plugin reads, where the runtime passes them; the others are not even decoded.
  var annotations: [JSONSelection.Rule] { get }
  /// Attaches the container, all or nothing.
  func add(_ request: Request) throws(CNIError) -> CNIResult
  /// Detaches it; nothing to detach is success.
  func delete(_ request: Request) throws(CNIError)
  /// Compares what is there with what ADD answered; silent when they agree.
  func check(_ request: Request) throws(CNIError)
  /// Removes what no valid attachment owns.
  func collectGarbage(_ request: Request) throws(CNIError)
  /// Silent when an ADD could be served.
  func status(_ request: Request) throws(CNIError)
}

extension PluginCommands {
  /// None.
  package var annotations: [JSONSelection.Rule] { [] }
}
