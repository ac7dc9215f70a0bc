/// Which members of one object of a document are wanted; of the others only the ends are looked for.
///
/// A document can carry much that its reader does not need and that others have written, such as all annotations of a
/// pod. What is passed over costs little more than finding it in the bytes: it is not decoded, and its names are not
/// compared with each other.
public struct JSONSelection: Sendable, Hashable {
  /// Says of some names whether members of theirs are read. A text has 255 bytes at most.
  public enum Rule: Sendable, Hashable {
    /// The name is read.
    case exactly(String)
    /// Names that begin so are read.
    case beginning(String)
    /// The first one that begins so, and is not `null`, is read; of the others the rule says nothing.
    case firstBeginning(String)
    /// Names that begin so are passed over.
    case noneBeginning(String)
  }

  /// The names that lead to the object from the document's own, through objects only.
  public let path: [String]
  /// The first rule that says something of a name counts. Names of which none does are passed over.
  public let rules: [Rule]

  /// The members of the object at `path` of which `rules` say so.
  public init(path: [String], rules: [Rule]) {
    self.path = path
    self.rules = rules
  }
}

/// Follows a selection through the nesting of a document.
struct JSONSelector {
  private let selection: JSONSelection?
  /// How many objects and arrays are open.
  private var depth = 0
  /// How many names of the path lead to where the parser is.
  private var matched = 0

  init(_ selection: JSONSelection?) { self.selection = selection }

  mutating func open() { depth += 1 }

  mutating func close() { depth -= 1 }

  /// Which members of the object at hand are read; `nil` when all are.
  var wanted: JSONNameRules? {
    guard let selection, depth == matched + 1, matched == selection.path.count,
      selection.rules.first != .beginning("")
    else { return nil }
    return JSONNameRules(selection.rules)
  }

  /// Goes on to a member of the object at hand.
  /// - Returns: whether that is a step on the path, which ``leave()`` takes back.
  mutating func enter(_ name: String) -> Bool {
    guard let selection, depth == matched + 1, matched < selection.path.count, selection.path[matched] == name
    else {
      return false
    }
    matched += 1
    return true
  }

  mutating func leave() { matched -= 1 }
}
