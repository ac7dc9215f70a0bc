package import KubernetesClient

/// The collections of the API server that agent and controller follow.
package enum Resources {
  package typealias Collection = Resource<UnstructuredObject>

  package static let pools = spiderpool("spiderippools", "SpiderIPPool", isNamespaced: false)
  package static let reservedIPs = spiderpool("spiderreservedips", "SpiderReservedIP", isNamespaced: false)
  package static let networks = spiderpool("spidermultusconfigs", "SpiderMultusConfig", isNamespaced: true)
  package static let definitions = Collection(
    group: "k8s.cni.cncf.io", version: "v1", plural: "network-attachment-definitions",
    kind: "NetworkAttachmentDefinition", isNamespaced: true)
  package static let nodes = Collection(
    group: "", version: "v1", plural: "nodes", kind: "Node", isNamespaced: false)
  package static let reports = Collection(
    group: "ipvlan-cni.dev", version: "v1alpha1", plural: "ipvlannodes", kind: "IPVLANNode",
    isNamespaced: false)
  package static let blocks = Collection(
    group: "ipvlan-cni.dev", version: "v1alpha1", plural: "ipvlanblocks", kind: "IPVLANBlock",
    isNamespaced: false)

  private static func spiderpool(_ plural: String, _ kind: String, isNamespaced: Bool) -> Collection {
    Collection(
      group: "spiderpool.spidernet.io", version: "v2beta1", plural: plural, kind: kind,
      isNamespaced: isNamespaced)
  }
}
