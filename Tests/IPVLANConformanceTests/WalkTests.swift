import ConformanceSupport
import JSON
import Testing

/// The walk through the node's namespaces, where some of them cannot be read.
@Suite struct WalkTests {
  /// It is still listed, so that it is there, whatever the error says.
  @Test func aNamespaceThatCannotBeOpenedIsPassedOverWithANote() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      let unread = site.attachments[1].pod.namespace.path
      let completion = try site.runFailing("openat:error=ENOENT:when=1+", at: unread, arguments: ["links"])
      #expect(completion.isSuccess, "\(completion)")
      #expect(completion.errors.contains("namespace \(unread) is passed over: No such file or directory"))
      #expect(completion.text.contains("web/pod0") && !completion.text.contains("web/pod1"), "\(completion)")
    }
  }

  @Test(arguments: [
    "openat:error=EMFILE:when=1", "setns:error=ENOMEM:when=1", "openat:error=ENOENT:when=1..3",
  ])
  func aFailureThatPassesHidesNothing(fault: String) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      let completion = try site.runFailing(
        fault, at: site.attachments[1].pod.namespace.path, arguments: ["links"])
      #expect(completion.isSuccess && completion.errors.isEmpty, "\(completion)")
      #expect(completion.text.contains("web/pod0") && completion.text.contains("web/pod1"), "\(completion)")
    }
  }

  /// What cannot be read may hold anything: nothing of it may be freed.
  @Test(arguments: ["setns:error=EIO", "openat:error=EMFILE:when=1+"])
  func aNamespaceThatCannotBeReadKeepsEverything(fault: String) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      let unread = site.attachments[1].pod.namespace.path
      // The runtime has lost its cache, and the lease does not lead to the namespace.
      try ScratchFiles.removeAll(site.cache)
      let completion = try site.runFailing(fault, at: unread, arguments: ["gc"])
      #expect(completion.errors.contains("read network namespace \(unread)"), "\(completion)")
      #expect(completion.errors.contains("nothing is freed, since not all network namespaces can be read"))
      #expect(completion.status == 1)
      #expect(try site.control("leases").text.contains("172.31.16.5"))
      // The thread came back from where it was: the next look sees the whole node.
      #expect(try site.links().count { $0["containerID"]?.string?.hasPrefix("pod") == true } >= 2)
    }
  }

  /// A process that lives there ends while its path is tried, after that of the mount. Its `ENOENT` says nothing of the
  /// namespace.
  @Test func aNamespaceThatCannotBeReadIsNamedByThePathThatTellsWhy() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      let pod = site.attachments[1].pod.namespace
      let process = try pod.run { try RunningProgram("sleep", ["1000"]) }
      defer { process.kill() }
      try ScratchFiles.removeAll(site.cache)
      let completion = try site.runFailing(
        "setns:error=EIO", "openat:error=ENOENT:when=2+2", at: pod.path, "/proc/\(process.processID)/ns/net",
        arguments: ["gc"])
      #expect(
        completion.errors.contains(
          "read network namespace \(pod.path), which may hold pods' links: Input/output"),
        "\(completion)")
      #expect(completion.status == 1)
    }
  }

  /// Namespaces that come and go all the time neither stop the walk nor hide what stays.
  @Test func aBusyNodeIsListedWhole() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 1)
      let churn = try Churn()
      defer { churn.end() }
      for _ in 0..<10 {
        let completion = try site.control("links")
        #expect(completion.isSuccess && completion.text.contains("web/pod0"), "\(completion)")
      }
    }
  }
}

extension OperatorSite {
  /// Runs the tool while system calls on some paths go wrong (strace(1), `inject`).
  fileprivate func runFailing(
    _ faults: String..., at paths: String..., arguments: [String]
  ) throws -> Completion {
    try runProgram(
      "strace",
      ["-qq", "-o", "/dev/null"] + paths.flatMap { ["-P", $0] } + faults.flatMap { ["-e", "inject=\($0)"] }
        + ["\(Plugin.directory)/ipvlanctl"]
        + arguments + ["--conf-dir", configurations, "--cache-dir", cache])
  }
}

/// A shell that makes namespaces, which end at once or after a moment, until it is told to end.
private final class Churn: Sendable {
  private let file: String

  init() throws {
    let file = "/tmp/conformance/churn-\(UInt32.random(in: 0...UInt32.max))"
    try ScratchFiles.write(file, "")
    try startOnThread {
      _ = try? Program(
        "sh", ["-c", "while [ -e \(file) ]; do unshare --net sleep 0.05 & unshare --net true; done"]
      )
      .run()
    }
    self.file = file
  }

  func end() { try? ScratchFiles.removeAll(file) }
}
