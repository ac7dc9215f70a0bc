internal import JSON

/// A Kubernetes label selector: every requirement must hold.
public struct LabelSelector: Sendable, Hashable {
  enum Operator: String, Sendable {
    case isIn = "In"
    case notIn = "NotIn"
    case exists = "Exists"
    case doesNotExist = "DoesNotExist"
  }

  struct Requirement: Sendable, Hashable, CustomStringConvertible {
    let key: String
    let `operator`: Operator
    let values: [String]

    /// As kubectl takes it in a selector.
    var description: String {
      switch `operator` {
      case .isIn: "\(key) in (\(values.joined(separator: ", ")))"
      case .notIn: "\(key) notin (\(values.joined(separator: ", ")))"
      case .exists: key
      case .doesNotExist: "!\(key)"
      }
    }
  }

  let requirements: [Requirement]

  /// A selector that was read before.
  init(_ requirements: [Requirement]) { self.requirements = requirements }

  /// Reads `matchLabels` and `matchExpressions`.
  /// - Throws: ``JSONFieldError``, also for a selector without any requirement: it would match everything.
  init(_ fields: JSONFields) throws(JSONFieldError) {
    try fields.refuseUnknownKeys(known: ["matchLabels", "matchExpressions"])
    var requirements: [Requirement] = []
    if let labels = try fields.fields("matchLabels") {
      for (key, _) in labels.object.members {
        requirements.append(Requirement(key: key, operator: .isIn, values: [try labels.string(key) ?? ""]))
      }
    }
    for entry in try fields.objects("matchExpressions") ?? [] {
      try entry.refuseUnknownKeys(known: ["key", "operator", "values"])
      let known = "one of In, NotIn, Exists, DoesNotExist"
      requirements.append(
        Requirement(
          key: try entry.required("key", entry.string("key")),
          operator: try entry.required("operator", entry.parsed("operator", known, Operator.init)),
          values: try entry.strings("values") ?? []))
    }
    guard !requirements.isEmpty else {
      throw JSONFieldError(
        path: fields.path, value: .object(fields.object),
        problem: "must not be empty: it would select everything")
    }
    self.requirements = requirements
  }

  /// Whether an object that has these labels and no others is selected.
  public func matches(_ labels: [String: String]) -> Bool { unmet(by: labels) == nil }

  /// Why an object that has these labels and no others is not selected, as the end of a sentence; `nil` when it is.
  func unmet(by labels: [String: String]) -> String? {
    for requirement in requirements {
      let value = labels[requirement.key]
      let holds =
        switch requirement.operator {
        case .isIn: value.map(requirement.values.contains) ?? false
        case .notIn: !(value.map(requirement.values.contains) ?? false)
        case .exists: value != nil
        case .doesNotExist: value == nil
        }
      guard !holds else { continue }
      return
        "asks for \(requirement), and there is \(value.map { "\(requirement.key)=\($0)" } ?? "no such label")"
    }
    return nil
  }

  /// Whether it asks for a label besides the one of that name.
  func asksBeyond(_ key: String) -> Bool { requirements.contains { $0.key != key } }

  /// Whether an object with these labels is selected, where only some labels are known: `nil` when an unknown
  /// one decides.
  func matches(known labels: [String: String]) -> Bool? {
    var isUndecided = false
    for requirement in requirements {
      guard let value = labels[requirement.key] else {
        isUndecided = true
        continue
      }
      let holds =
        switch requirement.operator {
        case .isIn: requirement.values.contains(value)
        case .notIn: !requirement.values.contains(value)
        case .exists: true
        case .doesNotExist: false
        }
      if !holds { return false }
    }
    return isUndecided ? nil : true
  }
}
