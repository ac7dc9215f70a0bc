internal import IPAM
internal import Platform

/// What `ipvlan-agent` has left of a pod on this node.
struct PodKnowledge: Sendable {
  /// The pod's record, where it can be used.
  let record: PodRecord?
  private let path: String?
  /// Why there is none.
  let problem: String?

  /// Looks for the file of a pod by its name. Of pods that had the name one after the other the last one counts.
  init(of pod: AllocationRequest.Pod, in files: PodFiles) {
    let names = (try? Files.names(in: files.directory)) ?? []
    let directory = try? Directory(opening: files.directory)
    var found: (record: PodRecord, path: String, modified: FileStatus.Time)?
    for name in names where PodFiles.uid(ofFile: name) != nil {
      let path = "\(files.directory)/\(name)"
      guard let record = try? files.read(path), record.namespace == pod.namespace, record.name == pod.name,
        let status = try? directory?.status(of: name),
        found.map({ $0.modified < status.modified }) ?? true
      else { continue }
      found = (record, path, status.modified)
    }
    path = found?.path
    record = found?.record.problem == nil ? found?.record : nil
    problem =
      if let found {
        found.record.problem.map { "\(found.path) says: \($0)" }
      } else {
        "\(files.directory) has no file of pod \(pod): its labels and annotations are not known here; where pools need"
          + " them, its ADD is answered with code 11 until ipvlan-agent has written the file; see: ipvlanctl kube status"
      }
  }

  private static let mostShown = 20

  /// The labels that are known.
  var text: ScreenText {
    guard let record, let path else { return "" }
    let kinds = [
      ("pod", record.labels), ("namespace", record.namespaceLabels), ("annotations", record.annotations),
    ]
    return kinds.map { kind, texts -> ScreenText in
      let shown = texts.sorted { $0.key < $1.key }.prefix(Self.mostShown).map {
        "\($0.key)=\($0.value.prefix(200))"
      }
      let more = texts.count > shown.count ? " and \(texts.count - shown.count) more" : ""
      return "  \(kind): \(shown.isEmpty ? "none" : shown.joined(separator: " "))\(more)\n"
    }.joined() + "  as of \(path)\n"
  }
}
