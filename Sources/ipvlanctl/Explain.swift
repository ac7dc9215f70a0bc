import ArgumentParser
import JSON
import Operator
import Platform

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells for a configuration and a pod which pools are taken, and why the others are not.",
    discussion: """
      Labels and annotations of a pod that runs here are shown and count as ipvlan-agent has left them; --annotation goes \
      before. The status is 1 when no address could be given now.

      EXAMPLES
        ipvlanctl explain ipvlan-ens5 --pod web/shop-0
        ipvlanctl explain /etc/cni/net.d/10-ipvlan-ens5.conflist
        ipvlanctl explain ipvlan-ens5 --annotation 'ipam.spidernet.io/ippool={"ipv4":["master-v4-ens5"]}'
      """)

  @OptionGroup var listing: ListingOptions
  @OptionGroup var paths: PathOptions
  @Argument(help: "The name of a network, or the path of its configuration.", completion: .file())
  var network: String
  @Option(help: ArgumentHelp("The pod.", valueName: "namespace/name"))
  var pod: String?
  @Option(help: "The interface, for annotations that are for one only.")
  var ifname = "eth0"
  @Option(help: ArgumentHelp("An annotation of the pod; may be repeated.", valueName: "name=value"))
  var annotation: [String] = []

  func run() throws {
    var annotations: [String: String] = [:]
    for text in annotation {
      guard let equals = text.firstIndex(of: "=") else {
        throw ValidationError("--annotation \(text) is not of the form NAME=VALUE.")
      }
      annotations[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    let report = try ExplainReport(
      Node.network(network, paths.sources), pod: pod, ifname: ifname, annotations: annotations)
    CommandOutput.show(report, as: listing.output, status: report.isServed ? 0 : 1)
  }
}
