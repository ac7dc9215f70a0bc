package import Daemon
package import KubernetesClient

/// What a controller is told at its start.
package struct ControllerOptions: Sendable {
  /// The API server, and who the controller is there.
  package var credentials: CredentialSource
  /// The namespace of the Lease by which one of several controllers leads.
  package var namespace = "kube-system"
  /// What tells this process from the other contenders.
  package var identity: String
  /// Where its endpoints listen.
  package var listen: ListenAddress
  /// The controller's own version.
  package var version: String
  /// The mode of links for networks that name none.
  package var mode = "l3s"
  /// How collections are followed.
  package var reflecting = ReflectorTimes()
  /// When one of several leads.
  package var electing = LeaseElector.Times()
  /// How long changes are collected before it is decided what to do.
  package var settling: Duration = .milliseconds(50)
  /// How often the same object is written at most.
  package var pace = Pace()
  /// How long a Node has to be gone before what it left behind is removed.
  package var holdTime: Duration = .seconds(600)

  /// The options with which a cluster needs no values.
  package init(credentials: CredentialSource, identity: String, listen: ListenAddress, version: String) {
    self.credentials = credentials
    self.identity = identity
    self.listen = listen
    self.version = version
  }
}
