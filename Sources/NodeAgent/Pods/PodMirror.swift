internal import ClusterObjects
internal import IPAM
internal import KubernetesClient

/// The pods of this node and all namespaces, as far as files of pods need them.
struct PodMirror: Sendable {
  /// The pods by the number that names their file, without the labels of their namespaces.
  private(set) var pods: [String: PodRecord] = [:]
  /// The labels of each namespace.
  private(set) var namespaces: [String: [String: String]] = [:]
  /// Goes up with each change of what files say.
  private(set) var revision = 0
  private(set) var podFeed = Feed(whenForbidden: Self.permission)
  private(set) var namespaceFeed = Feed(whenForbidden: Self.permission)

  /// The chart cannot know of pools that come by kubectl.
  private static let permission =
    "allow it: set agent.podAccess=true for the chart, or, without Helm, run: kubectl create clusterrolebinding"
    + " ipvlan-agent-pods --clusterrole=ipvlan-agent-pods --user=USER, with the user that the server names"

  mutating func takePods(_ event: ReflectorEvent<PodObject>) {
    podFeed.note(event)
    switch event {
    case .listed(let list):
      pods = [:]
      revision += 1
      for pod in list.items { take(pod) }
    case .changed(let pod): take(pod)
    case .deleted(let pod): if let uid = pod.uid, isSame(pod, uid) { set(uid, nil) }
    case .connected, .failed: break
    }
  }

  mutating func takeNamespaces(_ event: ReflectorEvent<NamespaceObject>) {
    namespaceFeed.note(event)
    switch event {
    case .listed(let list):
      namespaces = [:]
      revision += 1
      for namespace in list.items { take(namespace) }
    case .changed(let namespace): take(namespace)
    case .deleted(let namespace): if let name = namespace.metadata.name { setLabels(name, nil) }
    case .connected, .failed: break
    }
  }

  private mutating func take(_ pod: PodObject) {
    guard !pod.isOnHostNetwork, let uid = pod.uid, let record = pod.record,
      pods[uid] == nil || isSame(pod, uid)
    else { return }
    set(uid, record)
  }

  /// Most changes of a pod are of its status, and change no file.
  private mutating func set(_ uid: String, _ record: PodRecord?) {
    guard pods[uid] != record else { return }
    pods[uid] = record
    revision += 1
  }

  private mutating func setLabels(_ namespace: String, _ labels: [String: String]?) {
    guard namespaces[namespace] != labels else { return }
    namespaces[namespace] = labels
    revision += 1
  }

  /// Who comes second with a number that somebody has does not get it.
  private func isSame(_ pod: PodObject, _ uid: String) -> Bool {
    pods[uid].map { $0.namespace == pod.metadata.namespace && $0.name == pod.metadata.name } ?? false
  }

  private mutating func take(_ namespace: NamespaceObject) {
    guard let name = namespace.metadata.name else { return }
    setLabels(name, namespace.metadata.labels ?? [:])
  }

  /// The whole record of each pod. Whose namespace is not known yet is left out: labels come with the next event.
  var records: [String: PodRecord] {
    guard namespaceFeed.isComplete else { return [:] }
    var records: [String: PodRecord] = [:]
    for (uid, record) in pods {
      guard let labels = namespaces[record.namespace] else { continue }
      var record = record
      if record.problem == nil {
        record.namespaceLabels = labels
        record = record.bounded
      }
      records[uid] = record
    }
    return records
  }
}
