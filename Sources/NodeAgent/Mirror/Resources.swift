internal import KubernetesClient

/// The collections that an agent follows.
enum Resources {
  static let pools = Resource<UnstructuredObject>(
    group: "spiderpool.spidernet.io", version: "v2beta1", plural: "spiderippools", kind: "SpiderIPPool",
    isNamespaced: false)
  static let reservedIPs = Resource<UnstructuredObject>(
    group: "spiderpool.spidernet.io", version: "v2beta1", plural: "spiderreservedips",
    kind: "SpiderReservedIP",
    isNamespaced: false)
  static let nodes = Resource<UnstructuredObject>(
    group: "", version: "v1", plural: "nodes", kind: "Node", isNamespaced: false)
  static let reports = Resource<UnstructuredObject>(
    group: "ipvlan-cni.dev", version: "v1alpha1", plural: "ipvlannodes", kind: "IPVLANNode",
    isNamespaced: false)
}
