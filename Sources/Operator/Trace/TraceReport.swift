package import JSON

/// Attachments followed from configuration to wire.
package struct TraceReport: Report {
  private let traces: [AttachmentTrace]
  package let remarks: [String]

  /// Follows all attachments that `id` means.
  /// - Throws: ``UserError`` with near matches when it means none.
  package init(_ id: String, _ sources: NodeSources) throws(UserError) {
    let state = try NodeState(sources)
    let target = TraceTarget(state)
    let found = target.attachments(matching: id)
    guard !found.isEmpty else {
      let near = target.near(id)
      throw UserError(
        "nothing on this node is called \"\(id)\"; "
          + (near.isEmpty ? "see: ipvlanctl links" : "did you mean \(near.joined(separator: ", "))?"))
    }
    traces = found.map { AttachmentTrace($0, state) }
    remarks = state.remarks
  }

  /// Whether every stop is as it should be.
  package var isFine: Bool { !traces.contains { $0.stops.contains { $0.state == .wrong } } }

  package func text(for screen: Screen) -> ScreenText {
    traces.map { trace in
      let attachment = trace.candidate.attachment
      let pod = trace.candidate.pod.map { "pod \($0), " } ?? ""
      let heading: ScreenText =
        "\(pod)container \(attachment.containerID), \(attachment.ifname) on \(attachment.network)"
      return screen.styled(heading, .heading) + "\n" + trace.stops.map { Self.line($0, screen) }.joined()
    }.joined(separator: "\n")
  }

  private static func line(_ stop: TraceStop, _ screen: Screen) -> ScreenText {
    let (word, style): (ScreenText, Style) =
      switch stop.state {
      case .fine: ("ok   ", .good)
      case .neutral: ("-    ", .faint)
      case .wrong: ("wrong", .bad)
      }
    let name = stop.name + String(repeating: " ", count: max(0, 14 - stop.name.count))
    let remedy: ScreenText =
      stop.remedy.map { "         run           \(screen.styled(ScreenText($0), .heading))\n" } ?? ""
    return "  \(screen.styled(word, style))  \(name)\(stop.text)\n" + remedy
  }

  package var json: JSONValue {
    .array(
      traces.map { trace in
        let attachment = trace.candidate.attachment
        var object: JSONObject = [
          "network": .string(attachment.network), "containerID": .string(attachment.containerID),
          "ifname": .string(attachment.ifname),
        ]
        object["pod"] = trace.candidate.pod.map(JSONValue.string)
        object["stops"] = .array(trace.stops.map(\.json))
        return .object(object)
      })
  }
}
