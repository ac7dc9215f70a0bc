internal import Addressing
package import CNI

/// The networks of a pod, in the order in which they are attached, with the interface of each.
package struct PodNetworks: Sendable {
  /// One of them.
  package struct Network: Sendable {
    /// What is asked for.
    package let selection: NetworkSelection
    /// The interface in the pod.
    package let interface: String
    /// Whether it is the one whose result the runtime gets.
    package let isDefault: Bool
    /// Who names it: "annotation k8s.v1.cni.cncf.io/networks of pod default/web".
    package let source: String
  }

  /// A pod has no more further networks: each takes its time, and a runtime waits for a few minutes.
  package static let most = 16

  /// The default network first.
  package let all: [Network]

  /// Chooses by configuration and annotations.
  ///
  /// - Parameters:
  ///   - ifname: the interface that the runtime asks for.
  ///   - annotation: the text of an annotation of the pod's.
  ///   - pod: the pod's namespace and the pod in words.
  /// - Throws: ``CNIError`` with code 2 or 7 that names annotation and pod.
  package init(
    ifname: String, configuration: MultiConfiguration, pod: (namespace: String, subject: String),
    annotation: (String) -> String?
  ) throws(CNIError) {
    var networks = [
      Network(
        selection: NetworkSelection(configuration.defaultNetwork), interface: ifname, isDefault: true,
        source: "key \"defaultNetwork\"")
    ]
    if let text = annotation(NetworkAnnotation.defaultNetwork) {
      let written = NetworkAnnotation(NetworkAnnotation.defaultNetwork, text, of: pod.subject)
      let chosen = try written.selections(in: configuration.namespace)
      guard chosen.count <= 1 else {
        throw written.error("it names \(chosen.count) networks, and one can be the default network")
      }
      if let selection = chosen.first {
        guard selection.interface == nil || selection.interface == ifname else {
          throw written.error(
            "it asks for interface \(selection.interface ?? ""); the default network's is \(ifname)")
        }
        networks[0] = Network(
          selection: selection, interface: ifname, isDefault: true,
          source: Self.source(NetworkAnnotation.defaultNetwork, pod.subject))
      }
    }
    if let text = annotation(NetworkAnnotation.networks) {
      let written = NetworkAnnotation(NetworkAnnotation.networks, text, of: pod.subject)
      networks += try Self.further(written, pod, ifname)
    }
    all = networks
    try refuseSeveralDefaultRoutes()
  }

  private static func source(_ key: String, _ subject: String) -> String {
    "annotation \(key) of \(subject)"
  }

  private static func further(
    _ annotation: NetworkAnnotation, _ pod: (namespace: String, subject: String), _ ifname: String
  ) throws(CNIError) -> [Network] {
    let selections = try annotation.selections(in: pod.namespace)
    guard selections.count <= most else {
      throw annotation.error("it names \(selections.count) networks, and a pod may have \(most)")
    }
    var taken = [ifname: "the default network"]
    var networks: [Network] = []
    for (position, selection) in selections.enumerated() {
      let interface = selection.interface ?? "net\(position + 1)"
      guard Identifiers.isNameOfNewInterface(interface) else {
        throw annotation.error(
          "\(selection.name) asks for interface \"\(interface)\", which is no name of an interface: it has 1 to 15 bytes, without '/', ':', '%' and white space"
        )
      }
      if let other = taken[interface] {
        throw annotation.error("\(selection.name) and \(other) would both be interface \(interface)")
      }
      taken[interface] = "\(selection.name)"
      networks.append(
        Network(
          selection: selection, interface: interface, isDefault: false,
          source: source(NetworkAnnotation.networks, pod.subject)))
    }
    return networks
  }

  private func refuseSeveralDefaultRoutes() throws(CNIError) {
    for family in IPFamily.allCases {
      let claimants = all.filter { network in
        network.selection.defaultRoute.map { $0.isEmpty || $0.contains { $0.family == family } } ?? false
      }
      guard claimants.count > 1 else { continue }
      throw CNIError(
        code: .invalidConfiguration,
        message: "\(claimants[1].source): \(claimants[0].selection.name) and \(claimants[1].selection.name) "
          + "both ask for the default route, and a pod has one",
        details: "leave \"default-route\" at one of them")
    }
  }
}
