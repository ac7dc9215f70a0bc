internal import KubernetesClient

/// What the status of an object should say.
struct StatusDraft: Sendable, Hashable {
  struct Condition: Sendable, Hashable {
    var type: String
    var isTrue: Bool
    var reason: String
    var message: String
  }

  /// Members that every form of the CRD has. `null` is for what must not be there.
  var fields: [String: FieldValue] = [:]
  /// Members that only our CRD has; Spiderpool's drops them.
  var ownFields: [String: FieldValue] = [:]
  /// Only our CRD has them.
  var conditions: [Condition] = []

  /// The status of a merge patch; `nil` when the object says all of it already.
  ///
  /// - Parameter isOurs: whether the object is one of our CRD.
  func patch(over object: UnstructuredObject, isOurs: Bool) -> FieldValue? {
    let status = object["status"] ?? [:]
    var wanted = fields
    if isOurs {
      wanted.merge(ownFields) { _, own in own }
      wanted["observedGeneration"] = .integer(object.metadata.generation ?? 0)
    }
    var differs = wanted.contains { name, value in
      let former = status[name]
      return value == .null ? former != nil && former != .null : former != value
    }
    if isOurs {
      let former = status["conditions"]?.array ?? []
      let generation = FieldValue.integer(object.metadata.generation ?? 0)
      let new = conditions.map { condition -> FieldValue in
        let old = former.first { $0["type"]?.string == condition.type }
        let text = FieldValue.string(condition.isTrue ? "True" : "False")
        let since = old?["status"] == text ? old?["lastTransitionTime"] : nil
        return [
          "type": .string(condition.type), "status": text, "reason": .string(condition.reason),
          "message": .string(String(condition.message.prefix(2000))), "observedGeneration": generation,
          "lastTransitionTime": since ?? .string("\(Timestamp.now().inSeconds)"),
        ]
      }
      // Those of others stay, as the list is one by type.
      let others = former.filter { old in !conditions.contains { $0.type == old["type"]?.string } }
      if Set(new) != Set(former).subtracting(others) {
        differs = true
        wanted["conditions"] = .array(new + others)
      }
    }
    return differs ? .object(wanted) : nil
  }
}
