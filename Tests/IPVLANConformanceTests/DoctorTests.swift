import ConformanceSupport
import JSON
import Testing

/// Each fault is found, nothing else is claimed, what is printed mends it, and then there is nothing to say.
@Suite struct DoctorTests {
  /// A fault of the node.
  struct Fault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The findings that it must give, each once or more.
    let kinds: Set<String>
    let make: @Sendable (OperatorSite) throws -> Void
    /// By what it is mended where the finding tells a change of a file, or a command of the cluster; `nil` runs
    /// the printed commands.
    let mend: (@Sendable (OperatorSite) throws -> Void)?
    /// The findings that `--fix` takes away.
    let fixed: Set<String>

    init(
      _ description: String, _ kinds: Set<String>, fixed: Set<String> = [],
      make: @escaping @Sendable (OperatorSite) throws -> Void,
      mend: (@Sendable (OperatorSite) throws -> Void)? = nil
    ) {
      testDescription = description
      self.kinds = kinds
      self.make = make
      self.mend = mend
      self.fixed = fixed
    }
  }

  @Test func aHealthyNodeGivesNoFinding() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      let findings = try site.findings()
      #expect(findings.isEmpty, "\(findings)")
    }
  }

  @Test func aHealthyInstanceGivesNoFinding() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let service = try site.startMetadataService()
      let findings = try site.findings()
      #expect(findings.isEmpty, "\(findings)")
      #expect(service.connections == 1)
    }
  }

  @Test(arguments: [MetadataService.Mood.withoutToken, .silent])
  func aServiceThatDoesNotAnswerIsARemark(mood: MetadataService.Mood) throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try site.startMetadataService().set(mood)
      let completion = try site.control("doctor")
      #expect(completion.isSuccess, "\(completion)")
      #expect(completion.errors.contains("what the NICs own is not looked at"), "\(completion)")
    }
  }

  static let faults = kernelFaults + hostAccessFaults + leaseFaults + fileFaults + instanceFaults

  @Test(arguments: faults) func aFaultIsFoundAndMended(fault: Fault) throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try fault.make(site)
      let found = try site.findings()
      #expect(Set(found.map(\.kind)) == fault.kinds, "\(found)")
      if let mend = fault.mend {
        try mend(site)
      } else {
        for command in Set(found.map(\.remedy)).sorted() { try site.runAtShell(command) }
      }
      let left = try site.findings()
      #expect(left.isEmpty, "not mended: \(left)")
    }
  }

  /// `--fix` mends what is safe, says so, and leaves everything else as it is.
  @Test(arguments: faults) func whatIsSafeIsMendedOnRequest(fault: Fault) throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try fault.make(site)
      let found = try site.findings()
      #expect(Set(found.filter(\.isFixable).map(\.kind)) == fault.fixed, "\(found)")
      let fixing = try site.control("doctor", "--fix")
      #expect(fixing.status == (fault.kinds == fault.fixed ? 0 : 1), "\(fixing)")
      let left = try site.findings()
      #expect(Set(left.map(\.kind)) == fault.kinds.subtracting(fault.fixed), "\(left)")
      for finding in found {
        #expect(
          fixing.text.contains("mended  \(finding.problem)\n") == fault.fixed.contains(finding.kind),
          "\(fixing)")
      }
    }
  }

  /// Findings that need another kernel, a daemon or an agent that runs are made by Tests/OperatorTests,
  /// Tests/Nodes and Tests/Runtimes.
  @Test func everyFindingHasABrokenNode() throws {
    let elsewhere: Set = [
      "kernelTooOld", "kernelWithoutIPVLAN", "linkManaged", "foreignRoutesManaged", "agentOutOfStep",
      "namespaceUnreadable",
    ]
    try withNode { node in
      let metrics = try OperatorSite(node, pods: 0).control("metrics").mustSucceed().text
      let kinds = metrics.matches(of: #/ipvlan_findings\{kind="(\w+)"\}/#).map { String($0.output.1) }
      let made = Self.faults.reduce(into: elsewhere) { $0.formUnion($1.kinds) }
      #expect(Set(kinds) == made)
    }
  }
}
