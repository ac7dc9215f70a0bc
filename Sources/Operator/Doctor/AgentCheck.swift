/// Where pools come from the API server, somebody must bring them.
struct AgentCheck {
  static func findings(_ examination: Examination) -> [Finding] {
    let directories = Set(examination.subjects.compactMap(\.allocator?.poolDirectory))
    return directories.sorted().flatMap { directory -> [Finding] in
      let files = AgentFiles(poolDirectory: directory, runDirectory: examination.agentDirectory)
      // An agent that keeps another directory is no business of this one.
      guard files.objects != nil else { return [] }
      return findings(files)
    }
  }

  static func findings(_ files: AgentFiles) -> [Finding] {
    files.problems.map { problem in
      Finding(
        files.isRunning ? .agentOutOfStep : .agentNotRunning, problem,
        consequence:
          "pods get addresses as \(files.poolFile) says; what has changed in the API server since does not come here",
        remedy: files.isRunning
          ? "ipvlanctl kube status; journalctl -u ipvlan-agent -n 50"
          : "systemctl status ipvlan-agent; kubectl --namespace kube-system get pods -l app.kubernetes.io/name=ipvlan-agent"
      )
    }
  }
}
