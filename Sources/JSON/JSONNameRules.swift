internal import CJSON

/// The rules of a selection, in the form in which names are compared with them while they are passed over.
struct JSONNameRules {
  private typealias Kind = cjson_rule

  /// As `cjson_rule_of` reads them.
  private(set) var bytes: [UInt8] = []
  private var hasFirst = false

  init(_ rules: [JSONSelection.Rule]) {
    for rule in rules {
      switch rule {
      case .exactly(let name): append(cjson_exact, name)
      case .beginning(let prefix): append(cjson_beginning, prefix)
      case .firstBeginning(let prefix): append(cjson_first, prefix)
      case .noneBeginning(let prefix): append(cjson_none, prefix)
      }
    }
  }

  private mutating func append(_ kind: Kind, _ text: String) {
    bytes.append(UInt8(kind.rawValue))
    bytes.append(UInt8(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
    if kind == cjson_first { hasFirst = true }
  }

  /// Whether a member of that name is read.
  func read(_ name: Span<UInt8>) -> Bool {
    rule(of: name).map { bytes[$0] != UInt8(cjson_none.rawValue) } ?? false
  }

  /// A member of that name was read: it may have been the only one that a rule wants.
  mutating func didRead(_ name: String) {
    guard hasFirst, let rule = rule(of: Array(name.utf8).span), bytes[rule] == UInt8(cjson_first.rawValue)
    else { return }
    bytes.removeSubrange(rule..<rule + 2 + Int(bytes[rule + 1]))
  }

  private func rule(of name: Span<UInt8>) -> Int? {
    let rule = unsafe name.withUnsafeBufferPointer { name in
      unsafe bytes.withUnsafeBufferPointer { rules in
        unsafe cjson_rule_of(name.baseAddress, name.count, rules.baseAddress, rules.count)
      }
    }
    return rule < bytes.count ? rule : nil
  }
}
