import Foundation
import JSON
import Platform
import Testing

@testable import Operator

@Suite struct AgentFilesTests {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "agent-files-\(UUID())")
    .path()

  private func files(pools: String? = list, state: AgentState? = nil) throws -> AgentFiles {
    try Files.makeDirectory(directory)
    if let pools { try Files.replace("\(directory)/zz-kubernetes.json", with: Array(pools.utf8)) }
    try state?.write(to: directory)
    return AgentFiles(poolDirectory: directory, runDirectory: directory)
  }

  private static let list = """
    {"apiVersion": "v1", "kind": "List", "metadata": {"time": "2026-11-28T20:00:00Z", "server": "kubeconfig /x"},
     "items": [
       {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
        "metadata": {"name": "a", "uid": "u", "generation": 3},
        "spec": {"subnet": "10.0.0.0/24", "ips": ["10.0.0.1-10.0.0.5"], "default": true}},
       {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
        "metadata": {"name": "b", "uid": "v", "annotations": {"ipvlan-cni.dev/withheld": "it is being deleted"}},
        "spec": {"subnet": "10.0.0.0/24", "ips": ["10.0.0.9"], "disable": true}}]}
    """

  @Test func aStateIsReadAsItWasWritten() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var state = AgentState(version: "1", node: "n", server: "s")
    state.lastSync = "2026-11-28T20:00:00Z"
    state.fileProblem = "full"
    state.reportProblem = "refused"
    state.reportCause = "r"
    state.feeds = [
      .init(collection: "c", isComplete: false, problem: "p", cause: "q", since: "t"),
      .init(collection: "d", isComplete: true),
    ]
    state.faults = [.init(object: "spiderippool/a", problem: "q")]
    let files = try files(pools: nil, state: state)
    #expect(files.state == state)
    #expect(files.isUsed)
  }

  @Test func aNodeWithoutAnAgentHasNothingToTell() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = try files(pools: nil)
    #expect(!files.isUsed)
    #expect(files.problems.isEmpty)
    #expect(throws: UserError.self) {
      try KubeStatusReport(files, poolDirectory: directory, dataDirectory: "\(directory)/data")
    }
  }

  @Test func anAgentThatDoesNotRunIsToldWithTheAgeOfTheFile() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = try files()
    #expect(files.problems == ["ipvlan-agent does not run; the pools are those of 2026-11-28T20:00:00Z"])
    let finding = AgentCheck.findings(files).first
    #expect(finding?.kind == .agentNotRunning)
    #expect(finding?.consequence.contains("\(directory)/zz-kubernetes.json") ?? false)
  }

  @Test func anAgentThatCannotFollowIsToldWithTheReason() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var state = AgentState(version: "1", node: "n", server: "s")
    state.lastSync = "2026-11-28T20:00:00Z"
    state.feeds = [
      .init(
        collection: "c", isComplete: true, problem: "cannot watch c: refused", since: "2026-11-28T20:01:00Z"),
      .init(collection: "d", isComplete: false),
    ]
    _ = try files(state: state)
    let lock = try OwnedDescriptor(
      opening: AgentState.lockPath(in: directory), .readOnly, options: [.create],
      permissions: [.ownerReadWrite])
    #expect(try lock.tryLock(.exclusive))
    let files = AgentFiles(poolDirectory: directory, runDirectory: directory)
    #expect(files.isRunning)
    #expect(
      files.problems == [
        "since 2026-11-28T20:01:00Z: cannot watch c: refused", "not read yet: d",
      ])
    #expect(AgentCheck.findings(files).map(\.kind) == [.agentOutOfStep, .agentOutOfStep])
    _ = consume lock
    #expect(!AgentState.isRunning(in: directory))
  }

  @Test func aServerThatIsAwayIsOneProblemForAllThatItKeeps() throws {
    var state = AgentState(version: "1", node: "n", server: "s")
    let cause = "https://s cannot be reached: connection refused"
    state.feeds = ["c", "d", "e"].map {
      .init(
        collection: $0, isComplete: false, problem: "cannot watch \($0): \(cause)", cause: cause,
        since: "2026-11-28T20:0\($0 == "d" ? 1 : 2):00Z")
    }
    state.feeds.append(.init(collection: "f", isComplete: true, problem: "cannot watch f: 403", cause: "403"))
    state.feeds += ["g", "h"].map { .init(collection: $0, isComplete: false) }
    (state.reportProblem, state.reportCause) = ("cannot change r: \(cause)", cause)
    #expect(
      state.problems == [
        "since 2026-11-28T20:01:00Z: \(cause); so 3 collections are not followed: c, d, e; nor is the report of this node written",
        "since ?: cannot watch f: 403", "not read yet: g, h",
      ])
    state.feeds = []
    #expect(state.problems == ["cannot change r: \(cause)"])
    // An agent of before says no causes.
    state.feeds = [.init(collection: "c", isComplete: true, problem: "p", since: "t")]
    #expect(state.problems == ["since t: p", "cannot change r: \(cause)"])
  }

  @Test func whatHasNotBeenAskedYetIsNoAnswer() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = try files(pools: nil, state: AgentState(version: "1", node: "n", server: "s"))
    #expect(files.problems == ["ipvlan-agent does not run; no pool of the API server has come here yet"])
    let report = try KubeStatusReport(files, poolDirectory: directory, dataDirectory: "\(directory)/data")
    #expect(
      report.text(for: Screen(width: 100, hasColors: false)).rendered.contains(
        "no pool of the API server has come"))
  }

  /// What kubectl prints of a cluster that has pool a anew, and b no more, for a node n.
  private func objects(_ generation: Int, uid: String = "u", nodes: String = #"["n"]"#) -> [UInt8] {
    Array(
      """
      {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
         "metadata": {"name": "a", "uid": "\(uid)", "generation": \(generation)},
         "spec": {"subnet": "10.0.0.0/24", "nodeName": \(nodes)}},
        {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
         "metadata": {"name": "b", "uid": "v"}, "spec": {"subnet": "10.0.0.0/24"}},
        {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
         "metadata": {"name": "c", "uid": "w"}, "spec": {"subnet": "10.0.0.0/24"}}]}
      """.utf8)
  }

  private func differences(_ objects: [UInt8]) throws -> [String] {
    let report = try KubeDiffReport(try files(), objects: objects, node: "n")
    #expect(report.isSame == report.json.array?.isEmpty)
    return (report.json.array ?? []).compactMap(\.object).map {
      "\($0["name"]?.string ?? "") \($0["difference"]?.string ?? "")"
    }
  }

  @Test func whatTheApiServerHasIsComparedWithTheFile() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    #expect(try differences(objects(3)) == [])
    #expect(try differences(objects(4)) == ["a older"])
    #expect(try differences(objects(3, uid: "x")) == ["a another"])
    // It was given to another node.
    #expect(try differences(objects(3, nodes: #"["m"]"#)) == ["a gone"])
    let empty = Array(#"{"apiVersion": "v1", "kind": "List", "items": []}"#.utf8)
    #expect(try differences(empty) == ["a gone", "b gone"])
    let added =
      #"{"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "z"}, "#
      + #""spec": {"nodeName": ["n"]}}"#
    #expect(try differences(Array(added.utf8)) == ["a gone", "b gone", "z missing"])
  }

  @Test(arguments: ["", "error: the server doesn't have a resource type", "{}", "[1]"])
  func whatIsNoAnswerIsNoEmptyOne(_ text: String) throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = try files()
    #expect(throws: UserError.self) { try KubeDiffReport(files, objects: Array(text.utf8), node: "n") }
  }

  /// They are no matter of the agent, but whoever looks for a pool looks here.
  @Test func whatIsWrongWithTheNodesOwnFilesIsToldOf() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let files = try files()
    try "kind: SpiderIPPool\nmetadata: {name: a".write(
      toFile: "\(directory)/mine.yaml", atomically: true, encoding: .utf8)
    func report() throws -> KubeStatusReport {
      try KubeStatusReport(files, poolDirectory: directory, dataDirectory: "\(directory)/data")
    }
    let remarks = try report().remarks.filter { $0.hasPrefix("\(directory)/mine.yaml") }
    #expect(remarks.count == 1)
    let others = try report().remarks.count - 1
    try FileManager.default.removeItem(atPath: "\(directory)/mine.yaml")
    #expect(try report().remarks.count == others)
  }

  @Test func thePoolsAreShownWithWhatIsLeft() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let report = try KubeStatusReport(
      try files(), poolDirectory: directory, dataDirectory: "\(directory)/data")
    let pools = report.json.object?["pools"]?.array ?? []
    #expect(pools.map { $0.object?["free"]?.string } == ["5", "1"])
    #expect(pools.map { $0.object?["generation"]?.int } == [3, 0])
    #expect(pools.map { $0.object?["withheld"]?.string } == [nil, "it is being deleted"])
    #expect(!report.isInOrder)
  }
}
