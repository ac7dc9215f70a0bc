internal import IPAM
internal import Platform

/// Where pools come from the API server, somebody must bring them.
struct AgentCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    let directories = Set(state.subjects.compactMap(\.allocator?.poolDirectory))
    return directories.sorted().flatMap { directory -> [Finding] in
      let files = AgentFiles(poolDirectory: directory, runDirectory: state.agentDirectory)
      // An agent that keeps another directory is no business of this one.
      guard files.objects != nil else { return [] }
      return findings(files)
    }
      + state.subjects.flatMap { subject -> [Finding] in
        guard let allocator = subject.allocator, let survey = subject.survey else { return [] }
        return findings(
          survey, isRunning: AgentState.isRunning(in: allocator.runDirectory), subject.network.name)
      }
  }

  /// Of a unit of systemd, or of the DaemonSet.
  private static let log: ShellCommand =
    "ipvlanctl kube status; journalctl -u ipvlan-agent -n 50; kubectl --namespace kube-system logs -l app.kubernetes.io/name=ipvlan-agent --prefix"

  /// Pools that ask for labels give nothing unless somebody brings these.
  static func findings(_ survey: IPPoolAllocator.Survey, isRunning: Bool, _ network: String) -> [Finding] {
    guard !survey.asksForLabels.isEmpty, !survey.hasPodFiles || !isRunning else { return [] }
    let pools = survey.asksForLabels.prefix(5).joined(separator: ", ")
    let more = survey.asksForLabels.count > 5 ? " and \(survey.asksForLabels.count - 5) more" : ""
    let problem = "pool \(pools)\(more) asks for labels of pods or namespaces, and ipvlan-agent "
    guard survey.hasPodFiles else {
      return [
        Finding(
          .podLabelsUnknown, problem + (isRunning ? "does not bring them" : "does not run"),
          consequence: "such a pool is passed over for every pod, on network \(network) too",
          remedy: isRunning
            ? Self.log
            : "run ipvlan-agent on this node (README, \"In a cluster\"), or take podAffinity and namespaceAffinity out"
        )
      ]
    }
    return [
      Finding(
        .podLabelsUnknown, problem + "does not run",
        consequence: "a pod that it has not told of yet is refused with code 11",
        remedy:
          "systemctl status ipvlan-agent; kubectl --namespace kube-system get pods -l app.kubernetes.io/name=ipvlan-agent"
      )
    ]
  }

  static func findings(_ files: AgentFiles) -> [Finding] {
    files.problems.map { problem in
      Finding(
        files.isRunning ? .agentOutOfStep : .agentNotRunning, problem,
        consequence: "pods get addresses as \(files.poolFile) says"
          + (files.isRunning && problem == files.state?.nodeProblem
            ? "" : "; what has changed in the API server since does not come here"),
        remedy: files.isRunning
          ? Self.log
          : "systemctl status ipvlan-agent; kubectl --namespace kube-system get pods -l app.kubernetes.io/name=ipvlan-agent"
      )
    }
  }
}
