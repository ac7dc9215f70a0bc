internal import IPAM
package import JSON
internal import Platform

/// For one network and pod: which pools were looked at, and why each was taken or passed over.
package struct ExplainReport: Report {
  private let pools: [IPPoolAllocator.PoolReport]
  private let subject: String
  private let knowledge: PodKnowledge?
  package private(set) var remarks: [String]

  /// Asks the allocator of a network.
  ///
  /// - Parameters:
  ///   - pod: `namespace/name`; `nil` for a pod that the runtime does not name.
  ///   - annotations: those of the pod; without any, those of its file count.
  /// - Throws: ``UserError`` when there is nothing to ask.
  package init(
    _ network: Network, pod: String?, ifname: String, annotations: [String: String]
  ) throws(UserError) {
    guard let allocator = network.poolAllocator else {
      throw UserError(
        "network \(network.name) (\(network.source)) does not take addresses from pools: its ipam type is not "
          + "ippool, or its keys are wrong; see: ipvlanctl lint \(network.source)")
    }
    let parts = pod?.split(separator: "/").map(String.init) ?? []
    guard pod == nil || parts.count == 2 else {
      throw UserError("\"\(pod ?? "")\" is not a pod; write NAMESPACE/NAME, such as web/shop-0")
    }
    var request = AllocationRequest(
      attachment: AttachmentID(network: network.name, containerID: "explain", ifname: ifname),
      pod: parts.count == 2 ? .init(namespace: parts[0], name: parts[1]) : nil)
    for (name, text) in annotations { request.annotations.add(name, text) }
    request.annotationsAreKnown = !annotations.isEmpty
    let knowledge = request.pod.map { PodKnowledge(of: $0, in: allocator.podFiles) }
    if let record = knowledge?.record { request.learn(record) }
    self.knowledge = knowledge
    do throws(AllocationError) {
      let report = try allocator.survey(for: request)
      pools = report.pools
      remarks =
        report.unknownNames.map { "there is no pool \"\($0)\" in \(allocator.poolDirectory)" }
        + report.faults.map(\.description)
      let isNeeded = report.hasPodFiles || report.lacksLabels
      if isNeeded, let problem = knowledge?.problem { remarks.append(problem) }
      if report.lacksLabels, !report.hasPodFiles {
        remarks.append(
          "no ipvlan-agent brings labels of pods to this node: pools that ask for some are passed over")
      }
    } catch {
      throw UserError(error.text)
    }
    subject =
      "\(pod.map { "pod \($0)" } ?? "a pod without a name") on network \(network.name), node \(allocator.nodeName)"
  }

  /// Whether an address could be given now.
  package var isServed: Bool { pools.contains { $0.objection == nil && $0.count.free > 0 } }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [
        .init("POOL", isWhole: true), .init("VERDICT"), .init("FREE", isNumber: true),
        .init("WHY", isWhole: true),
      ],
      empty: "no pools were found")
    for pool in pools {
      let (verdict, style, reason) = Self.verdict(pool)
      table.append([
        .init(pool.count.pool.name), .init(verdict, style), .init(Quantity.count(pool.count.free)),
        .init(reason),
      ])
    }
    return "\(subject)\n" + (knowledge?.text ?? "") + "\n" + table.text(for: screen)
  }

  private static func verdict(_ pool: IPPoolAllocator.PoolReport) -> (String, Style, String) {
    if let objection = pool.objection { return ("passed over", .faint, objection) }
    let count = pool.count
    guard count.free == 0 else { return ("taken", .good, "it serves this pod") }
    let rest = count.shortestCooldown.map { "; the next is free in \($0.dividedUp(by: 1000)) s" } ?? ""
    return ("used up", .bad, "\(count.held) held, \(count.cooling) cooling of \(count.total)\(rest)")
  }

  package var json: JSONValue {
    .array(
      pools.map { pool in
        let (verdict, _, reason) = Self.verdict(pool)
        return .object([
          "pool": .string(pool.count.pool.name), "source": .string("\(pool.count.pool.source)"),
          "verdict": .string(verdict == "taken" ? "taken" : verdict == "used up" ? "usedUp" : "passedOver"),
          "reason": .string(reason), "free": .string("\(pool.count.free)"),
        ])
      })
  }
}
