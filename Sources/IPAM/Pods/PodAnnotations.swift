/// The annotations of a pod: texts by name.
///
/// A list, since two names at most are looked up: a dictionary costs more to make than it saves.
public struct PodAnnotations: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// The annotations by which a pod says what it wants (``PoolAnnotation``): all whose names begin so.
  public static let ofPools = PoolAnnotation.prefix

  private struct Annotation: Sendable, Hashable {
    let name: String
    let text: String
  }

  private var annotations: [Annotation] = []

  /// No annotations.
  public init() {}

  /// Annotations by their names; of a name that occurs twice the last text stays.
  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, text) in elements { self[name] = text }
  }

  /// The names, in the order in which they were given.
  var names: [String] { annotations.map { $0.name } }

  /// The text of an annotation; `nil` when the pod has none of that name.
  public subscript(name: String) -> String? {
    get { annotations.first { $0.name == name }?.text }
    set {
      annotations.removeAll { $0.name == name }
      if let newValue { annotations.append(Annotation(name: name, text: newValue)) }
    }
  }
}
