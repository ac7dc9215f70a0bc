import ConformanceSupport
import JSON
import Testing

/// Pools for pods with certain labels, whose file an agent writes.
struct PodLabelTests {
  private static let uid = "5c1f3a9e-0000-4000-8000-000000000001"

  @Test func aPodWaitsForItsFileAndLeavesNothingWhenThereIsNone() throws {
    try withNode { node in
      try ScratchFiles.write(
        "\(node.poolDirectory)/zz-kubernetes.json",
        """
        {"apiVersion": "v1", "kind": "List", "metadata": {"followsPods": true}, "items": [
          {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "web"},
           "spec": {"subnet": "172.31.16.0/20", "ips": ["172.31.16.4"], "gateway": "172.31.16.1", "default": true,
                    "nodeName": ["master"], "podAffinity": {"matchLabels": {"app": "web"}}}}]}
        """)
      var ipam = node.poolIPAM(cooldown: 0)
      ipam["runDir"] = .string("\(node.directory)/run")
      var attachment = PodAttachment(
        try node.pod("a"), on: node,
        [
          "cniVersion": "1.0.0", "name": "lan", "type": "ipvlan", "master": "ens5", "mode": "l3s",
          "ipam": .object(ipam),
        ])
      attachment.arguments =
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=a;K8S_POD_UID=\(Self.uid)"
      let refusal = try attachment.call(.add)
      #expect(refusal.code == 11)
      #expect(refusal.message.contains("pod default/a") && refusal.message.contains(Self.uid), "\(refusal)")
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      let file = "\(node.directory)/run/pods/\(Self.uid).json"
      let write = { (app: String) in
        try ScratchFiles.write(
          file,
          #"{"namespace": "default", "name": "a", "labels": {"app": "\#(app)"}, "annotations": {}, "namespaceLabels": {}}"#
        )
      }
      try write("db")
      let other = try attachment.call(.add)
      #expect(other.code == 104)
      #expect(other.details.contains("podAffinity asks for app in (web), and there is app=db"), "\(other)")
      try write("web")
      #expect(try attachment.add().addresses == ["172.31.16.4/20"])
      // Neither needs it any more.
      try ScratchFiles.removeAll(file)
      try attachment.check()
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
    }
  }
}
