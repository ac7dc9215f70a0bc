package import Daemon
package import KubernetesClient

/// What an agent is told at its start.
package struct AgentOptions: Sendable {
  /// The API server, and who the agent is there.
  package var credentials: CredentialSource
  /// The name of the Node that the agent speaks for.
  package var nodeName: String
  /// Where the plugin reads pool documents.
  package var poolDirectory = "/etc/cni/ippool.d"
  /// Where the plugin keeps the leases.
  package var dataDirectory = "/var/lib/cni/ippool"
  /// Where the agent says how it is; gone after a restart of the machine.
  package var runDirectory = "/run/ipvlan"
  /// When pods and namespaces are followed.
  package var pods = PodFollowing.auto
  /// Whether NetworkAttachmentDefinitions are followed, and the pods: for nodes whose pods `ipvlan-multi` attaches.
  package var networks = false
  /// Where `ipvlan-multi` records what it has attached.
  package var recordDirectory = "/var/lib/cni/ipvlan-multi"
  /// Where its endpoints listen.
  package var listen: ListenAddress
  /// The agent's own version.
  package var version: String
  /// How collections are followed.
  var reflecting = ReflectorTimes()
  /// How long changes are collected before files are written, so that a file of many objects is written once.
  var settling: Duration = .milliseconds(50)
  /// How long the file of a pod stays when the pod is gone: its containers may still be there.
  var podRetention: Duration = .seconds(300)
  /// How often the pool file is compared with what has come.
  var fileLooks = RateLimiter.Rate(burst: 8, interval: .milliseconds(250))
  /// How often the pool file is written: twice at once, as one edit may need, and then now and then.
  var fileWrites = RateLimiter.Rate(burst: 2, interval: .milliseconds(1250))
  /// For how long a block that is not needed has been out of the node's files before it is given back: an ADD that began
  /// before is over by then.
  var blockRest: Duration = .seconds(60)
  /// How often all nodes' reports are read while a shared pool waits for a node.
  var clearanceBackoff = Backoff(initial: .milliseconds(500), longest: .seconds(10))
  /// The same where only addresses of pools of its own wait.
  var ownBackoff = Backoff(initial: .seconds(1), longest: .seconds(60))
  /// A server that can be followed again within this time was not restored: it was there all the time, or nearly so.
  var blip: Duration = .seconds(2)
  /// Over which time the nodes look, after the API server was away, whether it has all that they have seen of it.
  var lookSpread: Duration = .seconds(15)
  /// How long the other nodes take to find the API server, and to look, after it was away.
  var lossGrace: Duration = .seconds(60)
  /// The same while other nodes are waited for since the API server was away.
  var patientBackoff = Backoff(initial: .seconds(10), longest: .seconds(20))
  /// How often the lease store is looked at.
  var lookInterval: Duration = .seconds(1)
  /// How often the report is written when writing fails.
  var reportBackoff = Backoff(initial: .seconds(1), longest: .seconds(30))

  /// The options with which the plugin needs no keys.
  package init(credentials: CredentialSource, nodeName: String, listen: ListenAddress, version: String) {
    self.credentials = credentials
    self.nodeName = nodeName
    self.listen = listen
    self.version = version
  }
}

/// When an agent follows the pods of its node and the namespaces.
package enum PodFollowing: String, Sendable, CaseIterable {
  /// While a pool of the node asks for labels of pods or namespaces.
  case auto
  /// Always: pods choose pools by annotations that the runtime does not hand on to the plugin, as behind Multus.
  case always
}
