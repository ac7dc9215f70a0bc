package import JSON
internal import YAML

/// Where the pool file of a node is not what the API server has.
package struct KubeDiffReport: Report {
  private enum Verdict: String {
    /// The API server has it for this node, and the file has not.
    case missing
    /// The file has an earlier form of it.
    case older
    /// The file has another pool of that name.
    case another
    /// The API server has none of that name, or not for this node any more.
    case gone

    var sentence: String {
      switch self {
      case .missing: "the file does not have it"
      case .older: "the file has an earlier form"
      case .another: "the file has a pool of that name that was deleted since"
      case .gone: "the API server does not have it for this node"
      }
    }
  }

  private struct Row {
    let name: String
    let verdict: Verdict
    let server: Int?
    let file: Int?
  }

  private let rows: [Row]
  package let remarks: [String]

  /// Compares.
  ///
  /// - Parameters:
  ///   - objects: what `kubectl get spiderippools -o json` prints, or `-o yaml`.
  ///   - node: the node's name.
  /// - Throws: ``UserError`` when there is nothing to compare.
  package init(_ files: AgentFiles, objects: [UInt8], node: String) throws(UserError) {
    guard let items = files.objects else {
      throw UserError("there is no \(files.poolFile): no ipvlan-agent has written pools here")
    }
    let server = try Self.pools(objects)
    var known: [String: (uid: String, generation: Int)] = [:]
    for item in items where item["kind"]?.string == "SpiderIPPool" {
      let identity = Self.identity(item)
      known[identity.name] = (identity.uid, identity.generation)
    }
    var rows: [Row] = []
    for object in server {
      let (name, uid, generation) = Self.identity(object)
      let nodes = object["spec"]?.object?["nodeName"]?.array?.compactMap(\.string) ?? []
      let former = known.removeValue(forKey: name)
      // Whom a pool is for that names no node, only the agent can tell, by the labels of the node.
      guard nodes.isEmpty || nodes.contains(node) else {
        if let former { rows.append(.init(name: name, verdict: .gone, server: nil, file: former.generation)) }
        continue
      }
      if let former {
        let verdict: Verdict? =
          former.uid != uid ? .another : former.generation < generation ? .older : nil
        if let verdict {
          rows.append(.init(name: name, verdict: verdict, server: generation, file: former.generation))
        }
      } else if !nodes.isEmpty {
        rows.append(.init(name: name, verdict: .missing, server: generation, file: nil))
      }
    }
    for (name, former) in known {
      rows.append(.init(name: name, verdict: .gone, server: nil, file: former.generation))
    }
    self.rows = rows.sorted { $0.name < $1.name }
    // kubectl prints an empty list also when it could not ask.
    let doubts = server.isEmpty ? ["kubectl has printed no pool at all: did it reach the API server?"] : []
    remarks = rows.isEmpty ? [] : doubts + files.problems
  }

  /// Whether the file has all that the API server has.
  package var isSame: Bool { rows.isEmpty }

  private static func pools(_ bytes: [UInt8]) throws(UserError) -> [JSONObject] {
    var pools: [JSONObject] = []
    var hasAny = false
    for document in YAMLText.documents(in: bytes) {
      do {
        // A list without items is an answer; what is no list may be the output of a command that failed.
        let value = try document.get()
        hasAny = hasAny || value.value.object?["items"]?.array != nil
        for object in value.objects {
          let fields = try object.get().fields.object
          guard fields["kind"]?.string == "SpiderIPPool" else { continue }
          pools.append(fields)
        }
      } catch {
        throw UserError("what was given is not what kubectl get spiderippools -o json prints: \(error)")
      }
    }
    guard hasAny || !pools.isEmpty else {
      throw UserError(
        "what was given has no SpiderIPPool: give what kubectl get spiderippools -o json prints")
    }
    return pools
  }

  private static func identity(_ object: JSONObject) -> (name: String, uid: String, generation: Int) {
    let metadata = object["metadata"]?.object ?? [:]
    return (metadata["name"]?.string ?? "", metadata["uid"]?.string ?? "", metadata["generation"]?.int ?? 0)
  }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [
        .init("POOL", isWhole: true), .init("API SERVER", isNumber: true), .init("FILE", isNumber: true),
        .init("DIFFERENCE", isWhole: true),
      ], empty: "the file has what the API server has")
    for row in rows {
      table.append([
        .init(row.name), .init(row.server.map { "\($0)" }), .init(row.file.map { "\($0)" }),
        .init(row.verdict.sentence, .bad),
      ])
    }
    return table.text(for: screen)
  }

  package var json: JSONValue {
    .array(
      rows.map { row in
        var object: JSONObject = ["name": .string(row.name), "difference": .string(row.verdict.rawValue)]
        object["serverGeneration"] = row.server.map(JSONValue.int)
        object["fileGeneration"] = row.file.map(JSONValue.int)
        return .object(object)
      })
  }
}
