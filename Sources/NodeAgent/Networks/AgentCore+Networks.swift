internal import ClusterObjects
internal import KubernetesClient
internal import Logging

/// The NetworkAttachmentDefinitions, and their files.
extension AgentCore {
  func takeNetworks(_ event: ReflectorEvent<UnstructuredObject>) {
    take(raiseNetworks) { $0.takeNetworks(event) }
  }

  /// Brings the files of networks in step with what is known.
  func syncNetworks() {
    defer { writeState() }
    guard options.networks, networkRevision != view.networkMirror.revision else { return }
    let revision = view.networkMirror.revision
    do throws(ObjectFault) {
      let count = try definitionDirectory.sync(view.networkMirror)
      if count > 0 { log.info("wrote files of networks", metadata: ["count": "\(count)"]) }
      if networkFault != nil { log.info("the files of networks can be written again") }
      networkFault = nil
      networkRevision = revision
    } catch {
      networkFault = told(error, before: networkFault)
    }
  }
}
