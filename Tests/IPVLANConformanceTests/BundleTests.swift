import ConformanceSupport
import JSON
import Testing

/// `ipvlanctl bundle`: what a bug report needs, and nothing that is nobody's business.
@Suite struct BundleTests {
  private static let secret = "tell-nobody"

  @Test func everythingOfTheNodeIsInIt() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let log = "\(node.directory)/operations.jsonl"
      try site.writeNetwork("ens6", ["logFile": .string(log)])
      try site.attach("pod1", to: "ens6")
      let bundle = try Bundle(of: site)
      let container = site.attachments[0].pod.containerID.prefix(13)
      for (name, text) in [
        ("links.txt", "ens5"), ("leases.json", "172.31.16.4"), ("pools.txt", "172.31.16.0/20"),
        ("doctor.txt", "nothing is wrong"), ("kernel/osrelease", Kernel.release),
        ("net.d/ens5.conflist", "\"hostAccess\""),
        ("pools0/ens5.yaml", "kind: SpiderIPPool"), ("cache/\(container)-eth0.json", "web/pod0"),
        ("log0.jsonl", "\"command\":\"ADD\""),
      ] {
        #expect(
          bundle.text(of: name)?.contains(text) == true, "\(name): \(bundle.text(of: name) ?? "missing")")
      }
      // What is as it was written keeps its lines, which findings name.
      #expect(bundle.text(of: "pools0/ens5.yaml") == ScratchFiles.read("\(node.poolDirectory)/ens5.yaml"))
      #expect(bundle.remarks.isEmpty, "\(bundle.remarks)")
      let mode = try Program("stat", ["-c", "%a", bundle.file]).run().mustSucceed().text
      #expect(mode == "600\n")
    }
  }

  @Test func secretsStayOnTheNode() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let secret = Self.secret
      try site.writeNetwork(
        "ens6",
        [
          "apiToken": .string(secret),
          "etcd_endpoints": .string("http://a:1,https://root:\(secret)@b:2/\(secret)x"),
          "nested": [["client-key-data": .string(secret)]], "logFile": .string("\(node.directory)/shadow"),
        ])
      // Not JSON, not a configuration, not a pool, not a log.
      try site.writeConfiguration("30-broken.conflist", "{\"apiToken\": \"\(secret)\",")
      try site.writeConfiguration("kubeconfig", "users: [{user: {token: \(secret)}}]\n")
      try site.writeConfiguration("credentials.json", "{\"user\": \"\(secret)\"}")
      try ScratchFiles.write("\(node.directory)/shadow", "root:\(secret):19000:0:99999:7:::\n")
      try ScratchFiles.write("\(node.poolDirectory)/a.yaml", "kind: Secret\ndata: {x: \(secret)}\n")
      try ScratchFiles.write("\(node.poolDirectory)/b.yaml", "kind: [\(secret)\n")
      let bundle = try Bundle(of: site)
      let found = try Program("grep", ["-r", secret, bundle.directory]).run()
      // The path of a URL is no secret; everything else is.
      #expect(
        found.text.split(separator: "\n").count == 1 && found.text.contains("@b:2/\(secret)x"), "\(found)")
      #expect(bundle.text(of: "net.d/ens6.conflist")?.contains("\"apiToken\": \"(left out)\"") == true)
      for name in ["30-broken.conflist", "kubeconfig", "credentials.json", "shadow", "a.yaml", "b.yaml"] {
        #expect(bundle.remarks.contains("/\(name) is left out: "), "\(bundle.remarks)")
      }
    }
  }

  @Test func largeAndEndlessFilesDoNotHoldItUp() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let log = "\(node.directory)/operations.jsonl"
      try site.writeNetwork("ens6", ["logFile": .string(log)])
      let line = "{\"command\":\"ADD\",\"padding\":\"\(String(repeating: "x", count: 10_000))\"}"
      try Program("sh", ["-c", "yes '\(line)' | head -c 90000000 >\(log)"]).run().mustSucceed()
      try Program("mkfifo", ["\(site.configurations)/pipe.conflist", "\(node.poolDirectory)/pipe.yaml"]).run()
        .mustSucceed()
      try site.writeConfiguration("00-large.conflist", String(repeating: " ", count: 1_100_000))
      for number in 1...210 { try site.writeConfiguration("extra\(number).txt", "{\"type\": \"x\"}") }
      let bundle = try Bundle(of: site)
      let kept = bundle.text(of: "log0.jsonl") ?? ""
      #expect((1_000_000...1 << 20).contains(kept.utf8.count), "\(kept.utf8.count)")
      // The line that the limit has cut is gone.
      #expect(kept.hasPrefix(line) && kept.hasSuffix("\(line)\n"))
      #expect(
        bundle.remarks.contains("14 of 214 files of \(site.configurations) are left out"), "\(bundle.remarks)"
      )
      #expect(bundle.remarks.contains("/00-large.conflist is left out: File too large"), "\(bundle.remarks)")
    }
  }

  /// An archive that was made, read back with the system's tar.
  private struct Bundle {
    let file: String
    let directory: String
    let remarks: String

    init(of site: OperatorSite) throws {
      file = "\(site.node.directory)/bundle.tar.gz"
      directory = "\(site.node.directory)/bundle"
      remarks = try site.control("bundle", "--to", file).mustSucceed().errors
      try Program("mkdir", [directory]).run().mustSucceed()
      try Program("tar", ["-C", directory, "-xzf", file]).run().mustSucceed()
    }

    func text(of name: String) -> String? { ScratchFiles.read("\(directory)/ipvlan/\(name)") }
  }
}
