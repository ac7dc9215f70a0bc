import ArgumentParser
import ClusterController
import Daemon
import Platform

struct IPVLANController: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipvlan-controller",
    abstract: "Makes a cluster's networks of SpiderMultusConfigs, and says what pods hold of its pools.",
    discussion: """
      Makes a NetworkAttachmentDefinition of each SpiderMultusConfig and keeps it so; writes the status of SpiderIPPools \
      from what the nodes' agents report; keeps a pool that is being deleted until no pod holds an address of it. Of \
      several controllers one leads, by the Lease ipvlan-controller. Pods are attached while all of them are away. SIGTERM \
      ends it.

      EXAMPLES
        ipvlan-controller --kubeconfig ~/.kube/config --namespace kube-system
        ipvlan-controller           in a pod: by its service account
      """,
    version: ProductVersion.current)

  @OptionGroup var daemon: DaemonOptions
  @Option(
    help: ArgumentHelp(
      "Where the Lease lies by which one controller leads; else $POD_NAMESPACE, else kube-system.",
      valueName: "namespace"))
  var namespace: String?
  @Option(
    help: ArgumentHelp(
      "The mode of links for networks without the annotation ipvlan-cni.dev/mode: l2, l3 or l3s.",
      valueName: "mode"))
  var mode: LinkMode = .l3s

  enum LinkMode: String, ExpressibleByArgument, CaseIterable { case l2, l3, l3s }

  func run() async throws {
    try await daemon.run("ipvlan-controller") { environment, log in
      var options = ControllerOptions(
        credentials: try daemon.credentials(environment),
        identity: "\(HostName.current)-\(String(UInt64.random(in: .min ... .max), radix: 16))",
        listen: daemon.listen(port: 9115), version: ProductVersion.current)
      let names = [namespace, environment["POD_NAMESPACE"]].compactMap(\.self)
      options.namespace = names.first { !$0.isEmpty } ?? options.namespace
      options.mode = mode.rawValue
      try await ClusterController(options, log: log).run()
    }
  }
}
