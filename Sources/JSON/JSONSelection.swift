/// Which members of one object of a document are wanted; of the others only the ends are looked for.
///
/// A document can carry much that its reader does not need and that others have written, such as all annotations of a
/// pod. What is passed over costs little more than finding it in the bytes: it is not decoded, and its names are not
/// compared with each other.
public struct JSONSelection: Sendable, Hashable {
  /// The names that lead to the object from the document's own, through objects only.
  public let path: [String]
  /// The names of the members that are read; one that ends in `*` stands for all that begin with what is before it.
  public let names: [String]

  /// The members `names` of the object at `path`.
  public init(path: [String], names: [String]) {
    self.path = path
    self.names = names
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

  /// The names of which others are passed over in the object at hand; `nil` when all are wanted.
  var wanted: [String]? {
    guard let selection, depth == matched + 1, matched == selection.path.count else { return nil }
    return selection.names
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
