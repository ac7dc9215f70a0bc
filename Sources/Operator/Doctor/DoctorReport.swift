package import JSON

/// What is wrong on the node, most basic things first.
package struct DoctorReport: Report {
  package let findings: [Finding]
  package private(set) var remarks: [String]
  /// What could not be read, and why: what is wrong there is not among the findings.
  package let unread: [String]
  private var fixed: [String] = []
  /// What ``fixing(_:)`` would do; `nil` unless that is asked for.
  private var plan: [Finding.Fix: [String]]?

  /// Looks without changing anything.
  /// - Throws: ``UserError`` when not even the node's links can be listed.
  package init(_ sources: NodeSources) throws(UserError) { self.init(try NodeState(sources)) }

  /// Looks at what was read.
  package init(_ state: NodeState) {
    var unread: [String] = []
    let all = NodeState.checks.flatMap { $0.findings(state, unread: &unread) }
    remarks = state.remarks + unread
    self.unread = state.unread + unread
    if state.directory.ipvlanNetworks.isEmpty {
      remarks.append("no configuration here uses the plugin ipvlan, so that there is little to look at")
    }
    // What several masters lack alike is said once.
    var said: Set<String> = []
    findings = all.filter { said.insert("\($0.kind.rawValue) \($0.problem) \($0.remedy)").inserted }
  }

  /// Looks, and says what ``fixing(_:)`` would do now, without doing it.
  /// - Throws: ``UserError`` when not even the node's links can be listed.
  package static func planning(_ sources: NodeSources) throws(UserError) -> DoctorReport {
    let state = try NodeState(sources)
    var report = DoctorReport(state)
    report.plan = Dictionary(uniqueKeysWithValues: report.fixes.map { ($0, FixRunner.plan($0, state)) })
    return report
  }

  /// Mends what can be mended safely, and looks again.
  /// - Throws: ``UserError`` when not even the node's links can be listed.
  package static func fixing(_ sources: NodeSources) throws(UserError) -> DoctorReport {
    let state = try NodeState(sources)
    let before = DoctorReport(state)
    let failed = before.fixes.compactMap { FixRunner.apply($0, state) }
    var after = try DoctorReport(sources)
    // Of what cannot be read nobody knows whether it is mended.
    if after.unread.isEmpty {
      after.fixed = before.findings.filter { finding in
        finding.isFixable && !after.findings.contains { $0.problem == finding.problem }
      }.map(\.problem)
    }
    after.remarks += failed
    return after
  }

  /// What the tool can do about the findings, each once.
  private var fixes: [Finding.Fix] {
    var seen: Set<Finding.Fix> = []
    return findings.compactMap(\.fix).filter { seen.insert($0).inserted }
  }

  /// Whether all was read, and nothing is wrong.
  package var isHealthy: Bool { findings.isEmpty && unread.isEmpty }

  package func text(for screen: Screen) -> ScreenText {
    var text: ScreenText = .lines(fixed, prefix: screen.styled("mended", .good) + "  ")
    guard !findings.isEmpty else {
      return text
        + (unread.isEmpty
          ? "nothing is wrong on this node\n"
          : "nothing wrong was found, but not all of this node could be looked at\n")
    }
    for finding in findings {
      text += screen.styled("wrong", .bad) + "   \(finding.problem)\n"
      text += "        so      \(finding.consequence)\n"
      text += "        run     " + screen.styled(ScreenText(finding.remedy), .heading) + "\n"
    }
    let fixable = findings.filter(\.isFixable).count
    if let plan {
      guard !plan.isEmpty else { return text + "\nipvlanctl doctor --fix would change nothing\n" }
      text += "\nipvlanctl doctor --fix would\n" + .lines(fixes.flatMap { plan[$0] ?? [] }, prefix: "  ")
    } else if fixable > 0, fixed.isEmpty {
      text +=
        "\n\(fixable) of \(findings.count) can be mended by: ipvlanctl doctor --fix (shown by: doctor --dry-run)\n"
    }
    return text
  }

  package var json: JSONValue {
    .array(
      findings.map { finding in
        guard let words = finding.fix.flatMap({ plan?[$0] }), var object = finding.json.object else {
          return finding.json
        }
        object["fix"] = .array(words.map(JSONValue.string))
        return .object(object)
      })
  }
}
