internal import JSON
internal import Platform

/// The files in which `ipvlan-agent` leaves what is known of the pods of its node: `<run-dir>/pods/<uid>.json`.
///
/// A file is of one pod for ever: a later pod of the same name has another uid.
public struct PodFiles: Sendable {
  /// Where they lie.
  public let directory: String

  /// What a file may have, in bytes: whoever may start pods chooses labels, and must not make the node work.
  public static let largest = 64 << 10

  /// How long a file is waited for, in milliseconds, and how often it is looked for. The agent has it a few milliseconds
  /// before or after the kubelet has the pod.
  private static let patience = 500
  private static let interval = 10

  /// The files below an agent's directory.
  public init(runDirectory: String) { directory = "\(runDirectory)/pods" }

  /// Whether a text can be a pod's uid: those of the API server, and those that a kubelet gives static pods. It becomes
  /// the name of a file, so that nothing else will do.
  public static func isUID(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
          || byte == UInt8(ascii: "-")
      }
  }

  /// The path of a pod's file; `nil` for what is no uid.
  public func path(_ uid: String) -> String? { Self.isUID(uid) ? "\(directory)/\(uid).json" : nil }

  /// The uid of the pod whose file has that name; `nil` for the name of something else.
  public static func uid(ofFile name: String) -> String? {
    guard name.hasSuffix(".json") else { return nil }
    let uid = String(name.dropLast(5))
    return isUID(uid) ? uid : nil
  }

  /// Reads a file.
  /// - Returns: `nil` when there is none.
  /// - Throws: ``AllocationError`` for one that cannot be read.
  public func read(_ path: String) throws(AllocationError) -> PodRecord? {
    let bytes: [UInt8]
    do throws(Errno) { bytes = try Files.read(path) } catch {
      guard error != .noSuchFileOrDirectory else { return nil }
      throw AllocationError(.store, "\(path) cannot be read: \(error)")
    }
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONValue(parsing: bytes) } catch {
      throw Self.unreadable(path, "\(error)")
    }
    guard let object = value.object else { throw Self.unreadable(path, "it is no object") }
    do throws(JSONFieldError) { return try PodRecord(JSONFields(object)) } catch {
      throw Self.unreadable(path, "\(error)")
    }
  }

  /// What is known of a pod; waits for its file for a moment.
  ///
  /// - Parameters:
  ///   - purpose: what it is needed for: "the labels, for which ... asks".
  ///   - want: what the pod does not get without it, as the beginning of a sentence.
  /// - Throws: ``AllocationError`` of the kind `busy` when there is no file yet.
  package func record(
    of pod: AllocationRequest.Pod, for purpose: String, without want: String = "no address"
  ) throws(AllocationError) -> PodRecord {
    guard !pod.uid.isEmpty else {
      throw AllocationError(
        .exhausted,
        "\(want) for pod \(pod): it is not known which pod that is: the runtime passes no K8S_POD_UID in CNI_ARGS",
        details:
          "needed is the pod's file in \(directory), with \(purpose); run a runtime that passes the uid")
    }
    guard let path = path(pod.uid) else {
      throw AllocationError(
        .exhausted, "\(want) for pod \(pod): K8S_POD_UID of CNI_ARGS, \"\(pod.uid)\", is no uid",
        details: "needed is the pod's file in \(directory), with \(purpose)")
    }
    let start = MonotonicInstant.now()
    while true {
      if let record = try read(path) { return try checked(record, pod, path, want) }
      guard MonotonicInstant.now().microseconds(since: start) < Self.patience * 1000 else { break }
      pause(milliseconds: Self.interval)
    }
    throw AllocationError(
      .busy, "\(want) for pod \(pod) yet: there is no \(path) with \(purpose)",
      details:
        "ipvlan-agent writes it when the API server has told it of the pod; see: ipvlanctl kube status; "
        + "systemctl status ipvlan-agent; kubectl --namespace kube-system get pods -l "
        + "app.kubernetes.io/name=ipvlan-agent")
  }

  private func checked(
    _ record: PodRecord, _ pod: AllocationRequest.Pod, _ path: String, _ want: String
  ) throws(AllocationError) -> PodRecord {
    guard record.namespace == pod.namespace, record.name == pod.name else {
      throw AllocationError(
        .exhausted,
        "\(want) for pod \(pod): \(path) is of another pod of that uid, \(record.namespace)/\(record.name)",
        details: "see who made it: kubectl --namespace \(record.namespace) get pod \(record.name) -o yaml")
    }
    if let problem = record.problem {
      throw AllocationError(.exhausted, "\(want) for pod \(pod): \(path) says: \(problem)")
    }
    return record
  }

  private static func unreadable(_ path: String, _ problem: String) -> AllocationError {
    AllocationError(
      .store, "\(path) cannot be used: \(problem)",
      details: "ipvlan-agent writes it anew once it is gone: rm \(path)")
  }
}
