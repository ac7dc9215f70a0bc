/// The members of a JSON object, in the order in which they were written.
public struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// Names and values; no name occurs twice.
  public private(set) var members: [(name: String, value: JSONValue)] = []
  /// The positions of the members by their names; `nil` for the few that are found faster one by one.
  private var positions: [String: Int]?

  /// With so many members the table is made.
  private static let few = 24

  /// An object without members.
  public init() {}

  /// Members in the order given; of a name that occurs twice the last value stays.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    for (name, value) in elements { self[name] = value }
  }

  /// The value of a member; assigning `nil` removes it, assigning to a new name appends it.
  public subscript(name: String) -> JSONValue? {
    get { position(of: name).map { members[$0].value } }
    set {
      switch (position(of: name), newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): remove(at: index)
      case (nil, let value?): append(name, value)
      case (nil, nil): break
      }
    }
  }

  private func position(of name: String) -> Int? {
    if let positions { return positions[name] }
    return members.firstIndex { $0.name == name }
  }

  /// Appends a member whose name the object has not.
  mutating func append(_ name: String, _ value: JSONValue) {
    members.append((name, value))
    if positions != nil {
      positions?[name] = members.count - 1
    } else if members.count > Self.few {
      index()
    }
  }

  private mutating func remove(at index: Int) {
    members.remove(at: index)
    positions = nil
    if members.count > Self.few { self.index() }
  }

  private mutating func index() {
    var positions: [String: Int] = [:]
    for (position, member) in members.enumerated() { positions[member.name] = position }
    self.positions = positions
  }

  /// Equality does not depend on the order of members.
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members.count == right.members.count && left.members.allSatisfy { right[$0.name] == $0.value }
  }

  /// Hashes the members in the order of their names, as equality sees them.
  public func hash(into hasher: inout Hasher) {
    for member in members.sorted(by: { $0.name < $1.name }) {
      hasher.combine(member.name)
      hasher.combine(member.value)
    }
  }
}
