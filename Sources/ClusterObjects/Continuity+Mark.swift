package import KubernetesClient

extension Continuity {
  /// What the node has seen of the server, for the run after.
  package struct Mark: Sendable, Hashable, Codable {
    /// The greatest version of any object or collection.
    package var version: UInt64 = 0
    /// The node's report.
    package var reportUID = ""
    package var reportVersion: UInt64 = 0
    /// The Node, which tells another cluster from an older state of this one.
    package var nodeUID = ""
    /// When the server gave that version.
    package var time: Timestamp?
    /// The server was restored to an older state before this moment; reports from before do not count.
    package var lostState: Timestamp?
    /// From when on the other nodes are waited for since that.
    package var heard: Timestamp?
    /// The last restore since which all nodes have looked. A report that is written later is not from before it.
    package var settled: Timestamp?
    /// The other nodes that had addresses before, whose reports the server may have lost. `nil` of an agent before 1.1.
    package var holders: [String]?

    package init() {}
  }
}

extension Continuity.Mark {
  /// A version grows by one with each write. After a restore with `etcdutl snapshot restore --bump-revision` it is ahead by
  /// thousands of millions.
  private static let leap: UInt64 = 500_000_000

  /// Whether it is of the cluster whose server gave this report, if there is one.
  func isOf(_ report: ObjectMetadata?, nodeUID: String?) -> Bool {
    version > 0
      && (report.map { $0.uid == reportUID } ?? false || nodeUID.map { $0 == self.nodeUID } ?? false)
  }

  /// How a restore shows.
  enum Loss {
    /// The server has known more than it does now.
    case older
    /// It goes by other versions.
    case leap
  }

  /// Whether, and how, it shows that the server was restored.
  func loss(
    in list: ResourceList<UnstructuredObject>, unverified: UInt64, nodeUID: String?
  ) -> Loss? {
    let report = list.items.first?.metadata
    guard isOf(report, nodeUID: nodeUID), let now = UInt64(list.resourceVersion) else { return nil }
    let isReportOlder =
      report?.uid == reportUID && report?.version ?? 0 < reportVersion
    if now < max(version, unverified) || isReportOlder { return .older }
    return now > version + Self.leap ? .leap : nil
  }
}
