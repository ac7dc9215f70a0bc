internal import IPAM

/// The node in numbers.
package struct Metrics: Sendable {
  /// In Prometheus' text format.
  package let text: String
  /// What could not be counted, and why.
  package let remarks: [String]

  /// Counts.
  /// - Throws: ``UserError`` when not even the node's links can be listed.
  package init(_ sources: NodeSources) throws(UserError) {
    let state = try NodeState(sources)
    var metrics = MetricsText()
    Self.addPools(&metrics, state)
    Self.addAttachments(&metrics, state)
    let statistics = OperationStatistics(files: state.directory.logFiles)
    Self.addOperations(&metrics, statistics)
    let report = DoctorReport(state)
    let findings = report.findings
    metrics.add(
      "ipvlan_findings", "gauge", "What ipvlanctl doctor finds wrong, by kind.",
      Finding.Kind.allCases.map { kind in
        .init([("kind", kind.rawValue)], findings.filter { $0.kind == kind }.count)
      })
    text = metrics.text
    remarks = state.remarks + report.unread.filter { !state.unread.contains($0) } + statistics.remarks
  }

  /// Replaces a file at once, as the node exporter's textfile collector needs it.
  /// - Throws: ``UserError`` when it cannot be written.
  package func write(to file: String) throws(UserError) {
    try PublicFile.replace(file, with: text)
  }

  private static func addPools(_ metrics: inout MetricsText, _ state: NodeState) {
    let rows = PoolsReport(state.directory).rows
    metrics.add(
      "ipvlan_pool_addresses", "gauge", "Addresses of a pool by state.",
      rows.flatMap { row -> [MetricsText.Sample] in
        let count = row.count
        return [
          ("total", count.total), ("held", count.held), ("cooling", count.cooling), ("free", count.free),
        ]
        .map { .init([("pool", count.pool.name), ("state", $0.0)], $0.1) }
      })
  }

  private static func addAttachments(_ metrics: inout MetricsText, _ state: NodeState) {
    let links = Dictionary(grouping: state.podLinks) { $0.master?.name ?? "" }
    // A master without pods counts zero: a series that comes and goes cannot be watched.
    let masters = Set(links.keys).union(state.subjects.compactMap(\.master?.name))
    metrics.add(
      "ipvlan_attachments", "gauge", "Links in pods by master.",
      masters.sorted().map { .init([("master", $0)], links[$0]?.count ?? 0) })
    metrics.add(
      "ipvlan_leases_orphaned", "gauge", "Leases whose pod is gone.",
      [.init([], state.leases.entries.filter(\.isOrphan).count)])
  }

  private static func addOperations(_ metrics: inout MetricsText, _ statistics: OperationStatistics) {
    let commands = statistics.commands.sorted { $0.key < $1.key }
    metrics.add(
      "ipvlan_operation_failures_total", "counter", "Failed operations in the log by error code.",
      commands.flatMap { name, command in
        command.failures.sorted { $0.key < $1.key }.map {
          .init([("command", name), ("code", "\($0.key)")], $0.value)
        }
      })
    metrics.add(
      "ipvlan_operation_duration_seconds", "histogram", "How long the operations in the log took.",
      commands.flatMap { histogram($0.key, $0.value) })
  }

  private static func histogram(_ name: String, _ command: OperationStatistics.Command)
    -> [MetricsText.Sample]
  {
    let label = (name: "command", value: name)
    let buckets = zip(OperationStatistics.bounds, command.buckets).map { bound, count in
      MetricsText.Sample([label, ("le", seconds(bound))], count, suffix: "_bucket")
    }
    return buckets + [
      .init([label, ("le", "+Inf")], command.count, suffix: "_bucket"),
      .init([label], seconds(command.microseconds), suffix: "_sum"),
      .init([label], command.count, suffix: "_count"),
    ]
  }

  private static func seconds(_ microseconds: Int) -> String { "\(Double(microseconds) / 1_000_000)" }
}
