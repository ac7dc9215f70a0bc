import ConformanceSupport
import JSON
import Testing

/// `ipvlanctl watch` on a node where pods come and go.
@Suite(.serialized) struct WatchTests {
  @Test func changesAreToldAsTheyHappen() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let watcher = try Watcher(on: node)
      try eventually { watcher.tells("present", "address", "172.31.16.4") }
      try site.attach("pod1")
      try eventually { watcher.tells("added", "address", "172.31.16.5") }
      try eventually { watcher.tells("added", "route", "default via 172.31.16.1 dev eth0") }
      var attachment = site.attachments[1]
      try attachment.delete()
      try eventually { watcher.tells("removed", "link", attachment.pod.containerID) }
      try watcher.send("INT")
      try eventually { watcher.hasEnded }
    }
  }

  /// A container of which only a process knows: nothing but its new slave betrays the namespace, since nobody looks
  /// for others within this hour.
  @Test func aNewSlaveBetraysItsNamespace() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let watcher = try Watcher(on: node, options: "--rescan 3600")
      try site.attach("named")
      try eventually {
        watcher.tells("present", "address", "172.31.16.4") || watcher.tells("added", "address", "172.31.16.4")
      }
      for number in 0..<5 {
        var attachment = PodAttachment(
          try node.pod("hidden\(number)", heldByProcess: true), on: node,
          Configuration.ipvlan(mode: "l3s", ipam: Configuration.staticIPAM("10.0.0.\(number)/32")))
        try attachment.add()
        try eventually {
          ["present", "added"].contains { watcher.tells($0, "address", "10.0.0.\(number)/32 on eth0") }
        }
      }
    }
  }

  @Test func aFloodIsSaidAndWhatIsThereIsLookedAtAnew() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let watcher = try Watcher(on: node)
      try eventually { watcher.tells("present", "address", "172.31.16.4") }
      try watcher.send("STOP")
      // A change takes 1.9 KiB of the socket's buffer, which is twice net.core.rmem_max: 8 MiB on Linux 7.
      let flood = (0..<8000).map {
        "address \($0.isMultiple(of: 2) ? "add" : "delete") 172.31.16.9/32 dev eth0\n"
      }
      let pod = site.attachments[0].pod.namespace
      try pod.batch(flood.joined() + "address add 172.31.16.8/32 dev eth0\n")
      try watcher.send("CONT")
      try eventually { watcher.tells("lost", "namespace", "too many changes") }
      try eventually { watcher.tells("present", "address", "172.31.16.8/32 on eth0") }
      try watcher.send("INT")
      try eventually { watcher.hasEnded }
    }
  }
}

/// A watch that runs beside the test.
private final class Watcher: Sendable {
  private let file: String
  private let processID: String

  init(on node: Node, options: String = "") throws {
    let (file, processFile) = ("\(node.directory)/watch/events", "\(node.directory)/watch/process")
    try ScratchFiles.write(file, "")
    // What a shell has started in the background ignores ^C, and hands that down.
    let watch = "env --default-signal=INT \(Plugin.directory)/ipvlanctl watch -o json \(options)"
    let script = "echo $$ >\(processFile); exec \(watch) >\(file)"
    let namespace = node.namespace
    try startOnThread { _ = try? Program("sh", ["-c", script], seconds: 3600).run(in: namespace) }
    try eventually { ScratchFiles.read(processFile)?.hasSuffix("\n") == true }
    self.file = file
    processID = String((ScratchFiles.read(processFile) ?? "").dropLast())
  }

  deinit { try? send("KILL") }

  /// Whether a line tells that change of such an object.
  func tells(_ change: String, _ object: String, _ text: String) -> Bool {
    let lines = (ScratchFiles.read(file) ?? "").split(separator: "\n")
    return lines.contains { line in
      let event = try? JSONValue(parsing: Array(line.utf8)).object
      return event?["change"]?.string == change && event?["object"]?.string == object
        && event?["text"]?.string?.contains(text) == true
    }
  }

  func send(_ signal: String) throws {
    try Program("sh", ["-c", "kill -\(signal) \(processID)"]).run().mustSucceed()
  }

  var hasEnded: Bool {
    (try? Program("sh", ["-c", "kill -0 \(processID) 2>/dev/null"]).run().isSuccess) == false
  }
}
