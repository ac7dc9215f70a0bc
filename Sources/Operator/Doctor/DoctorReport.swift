package import JSON

/// What is wrong on the node, most basic things first.
package struct DoctorReport: Report {
  package let findings: [Finding]
  package private(set) var remarks: [String]
  private var fixed: [String] = []

  /// All checks, in the order in which their findings are told: what others follow from comes first.
  private static var checks: [any Check.Type] {
    [
      KernelCheck.self,
      NamespaceCheck.self,
      ConfigurationCheck.self,
      ModeCheck.self,
      PoolCheck.self,
      InstanceCheck.self,
      LinkCheck.self,
      PodInterfaceCheck.self,
      LeaseCheck.self,
      HostAccessInspection.self,
      FenceCheck.self,
      PodFilterCheck.self,
      NetworkManagerCheck.self,
      AgentCheck.self,
    ]
  }

  /// Looks without changing anything.
  /// - Throws: ``Refusal`` when not even the node's links can be listed.
  package init(_ sources: NodeSources) throws(Refusal) { self.init(try Examination(sources)) }

  /// Looks at what was read.
  package init(_ examination: Examination) {
    remarks = examination.remarks
    if examination.directory.ipvlanNetworks.isEmpty {
      remarks.append("no configuration here uses the plugin ipvlan, so that there is little to look at")
    }
    let all = Self.checks.flatMap { $0.findings(examination) }
    // What several masters lack alike is said once.
    var said: Set<String> = []
    findings = all.filter { said.insert("\($0.kind.rawValue) \($0.problem) \($0.remedy)").inserted }
  }

  /// Mends what can be mended safely, and looks again.
  /// - Throws: ``Refusal`` when not even the node's links can be listed.
  package static func fixing(_ sources: NodeSources) throws(Refusal) -> DoctorReport {
    let examination = try Examination(sources)
    let before = DoctorReport(examination)
    var failed: [String] = []
    var done: Set<Finding.Fix> = []
    for finding in before.findings {
      guard let fix = finding.fix, done.insert(fix).inserted else { continue }
      if let failure = Mender.apply(fix, examination) { failed.append(failure) }
    }
    var after = try DoctorReport(sources)
    after.fixed = before.findings.filter { finding in
      finding.isFixable && !after.findings.contains { $0.problem == finding.problem }
    }.map(\.problem)
    after.remarks += failed
    return after
  }

  package func text(for screen: Screen) -> ScreenText {
    var text: ScreenText = .lines(fixed, prefix: screen.styled("mended", .good) + "  ")
    guard !findings.isEmpty else { return text + "nothing is wrong on this node\n" }
    for finding in findings {
      text += screen.styled("wrong", .bad) + "   \(finding.problem)\n"
      text += "        so      \(finding.consequence)\n"
      text += "        run     " + screen.styled(ScreenText(finding.remedy), .heading) + "\n"
    }
    let fixable = findings.filter(\.isFixable).count
    if fixable > 0, fixed.isEmpty {
      text += "\n\(fixable) of \(findings.count) can be mended by: ipvlanctl doctor --fix\n"
    }
    return text
  }

  package var json: JSONValue { .array(findings.map(\.json)) }
}
