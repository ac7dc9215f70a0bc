internal import IPAM
package import JSON
internal import Platform

/// The pools that came from the API server, what is held of them, and how the agent is that brings them.
package struct KubeStatusReport: Report {
  private let files: AgentFiles
  private let rows: [Row]
  private let problems: [String]
  /// What is wrong with the node's own files of pools.
  private let foreign: [String]

  private struct Row {
    let name: String
    let uid: String
    let generation: Int
    /// Why nothing is given from it; `nil` when something is.
    let withheld: String?
    /// `nil` for one that the plugin does not use.
    let count: PoolCount?
  }

  /// Reads the files of a node.
  ///
  /// - Parameter dataDirectory: where the leases lie.
  /// - Throws: ``UserError`` when this node has no agent's files.
  package init(_ files: AgentFiles, poolDirectory: String, dataDirectory: String) throws(UserError) {
    guard files.isUsed else {
      throw UserError(
        "no ipvlan-agent has been here: there is no \(files.poolFile), and none runs; pools of files: ipvlanctl pools"
      )
    }
    var survey: IPPoolAllocator.Survey?
    var notes: [String] = []
    do {
      let allocator = try IPPoolAllocator(
        JSONFields(["poolDir": .string(poolDirectory), "dataDir": .string(dataDirectory)]), network: "ipvlan",
        environment: .current())
      survey = try allocator.survey()
    } catch let error as AllocationError {
      notes.append("what is held cannot be told: \(error.text)")
    } catch {
      notes.append("what is held cannot be told: \(error)")
    }
    self.files = files
    let pools = (files.objects ?? []).filter { $0["kind"]?.string == "SpiderIPPool" }
    rows = pools.map { object in
      let metadata = object["metadata"]?.object ?? [:]
      let name = metadata["name"]?.string ?? ""
      return Row(
        name: name, uid: metadata["uid"]?.string ?? "", generation: metadata["generation"]?.int ?? 0,
        withheld: metadata["annotations"]?.object?[NodePool.withheldAnnotation]?.string
          ?? (object["spec"]?.object?["disable"]?.bool == true ? "it is disabled" : nil),
        count: survey?.pools.first {
          $0.count.pool.name == name && $0.count.pool.source.file == files.poolFile
        }?
        .count)
    }
    let faults = survey?.faults ?? []
    problems = files.problems + faults.filter { $0.file == files.poolFile }.map(\.problem) + notes
    foreign = faults.filter { $0.file != files.poolFile }.map(\.description)
  }

  /// Whether the node has what the API server has, and uses all of it.
  package var isInOrder: Bool { problems.isEmpty }

  /// An overlap may be meant, and the node's own files are no matter of the API server: they are told of, and nothing is wrong.
  package var remarks: [String] {
    problems + (files.state?.conflicts ?? []).map { "\($0.object): \($0.problem)" } + foreign
  }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [
        .init("POOL", isWhole: true), .init("GENERATION", isNumber: true, dispensability: 1),
        .init("TOTAL", isNumber: true),
        .init("HELD", isNumber: true), .init("COOLING", isNumber: true), .init("FREE", isNumber: true),
        .init("GIVES", isWhole: true),
      ],
      // Nobody may take what has not been asked yet for an answer.
      empty: files.objects == nil
        ? "no pool of the API server has come here yet" : "the API server has no pool for this node")
    for row in rows {
      let numbers = row.count.map { [$0.total, $0.held, $0.cooling, $0.free].map { Quantity.count($0) } }
      table.append(
        [.init(row.name), .init("\(row.generation)")]
          + (numbers ?? ["-", "-", "-", "-"]).map { .init($0) }
          + [row.withheld.map { .init("nothing: \($0)", .faint) } ?? .init("addresses", .good)])
    }
    let state = files.isRunning ? screen.styled("runs", .good) : screen.styled("does not run", .bad)
    let sync = files.state.flatMap { $0.lastSync.isEmpty ? nil : $0.lastSync } ?? "never since the start"
    return "agent   " + state
      + "\nserver  \(files.server ?? files.state?.server ?? "-")\nwritten \(files.written ?? "never")"
      + "\nin step \(sync)\n\n" + table.text(for: screen)
  }

  package var json: JSONValue {
    .object([
      "isRunning": .bool(files.isRunning), "written": .string(files.written ?? ""),
      "server": .string(files.server ?? ""), "lastSync": .string(files.state?.lastSync ?? ""),
      "problems": .list(remarks),
      "pools": .array(
        rows.map { row in
          var object: JSONObject = [
            "name": .string(row.name), "uid": .string(row.uid), "generation": .int(row.generation),
          ]
          object["withheld"] = row.withheld.map(JSONValue.string)
          if let count = row.count {
            object["total"] = .string("\(count.total)")
            object["held"] = .string("\(count.held)")
            object["cooling"] = .string("\(count.cooling)")
            object["free"] = .string("\(count.free)")
          }
          return .object(object)
        }),
    ])
  }
}
