internal import ClusterObjects
internal import Logging

/// The pods of the node: whether they are followed, and their files.
extension AgentCore {
  /// Brings the files of pods in step with what is known.
  func syncPods() {
    defer { writeState() }
    guard followsPods == true, podRevision != view.podMirror.revision else { return }
    let revision = view.podMirror.revision
    do throws(ObjectFault) {
      let count = try podDirectory.sync(view.podMirror)
      if count > 0 { log.debug("wrote files of pods", metadata: ["count": "\(count)"]) }
      if podFault != nil { log.info("the files of pods can be written again") }
      podFault = nil
      podRevision = revision
    } catch {
      podFault = told(error, before: podFault)
    }
  }

  /// Whether a pool of the node asks for what is known of pods only in the API server; `nil` as long as not all are known.
  private var asksForPods: Bool? {
    if options.pods == .always || options.networks { return true }
    let isAsked = resolution?.entries.contains { entry in
      entry.withheld == nil && !entry.object.pool.isDisabled && entry.object.pool.asksForLabels
    }
    // Those that people have written on the node.
    if isAsked == true || store?.asksForLabels == true { return true }
    return isAsked == nil || store == nil ? nil : false
  }

  /// - Returns: whether it was decided otherwise than before.
  @discardableResult
  func decideAboutPods() -> Bool {
    guard let asksForPods, asksForPods != followsPods else { return false }
    if asksForPods || followsPods != nil {
      log.info("pods and namespaces are \(asksForPods ? "followed" : "followed no more")")
    }
    followsPods = asksForPods
    wishPods.yield(asksForPods)
    return true
  }

  /// Forgets all pods, when nobody follows them.
  func forgetPods() {
    view.forgetPods()
    podRevision = nil
    // Whoever follows again keeps what is there until the first list.
    guard followsPods == false else { return }
    do throws(ObjectFault) {
      try podDirectory.removeAll()
      podFault = nil
    } catch {
      podFault = told(error, before: podFault)
    }
    writeState()
  }
}
