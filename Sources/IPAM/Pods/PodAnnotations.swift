public import JSON

/// The annotations of a pod by which it says what it wants (``PoolAnnotation``): texts by name.
///
/// A list of a few, whatever the pod has: those that are known, and one of those that are refused.
public struct PodAnnotations: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// How the names of annotations begin that say something here.
  public static let ofPools = PoolAnnotation.prefix

  /// Which annotations are read.
  public static var rules: [JSONSelection.Rule] { PoolAnnotation.rules }

  private struct Annotation: Sendable, Hashable {
    let name: String
    let text: String
  }

  private var known: [Annotation] = []
  private var firstUnknown: Annotation?

  /// No annotations.
  public init() {}

  /// Annotations by their names, none twice.
  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, text) in elements { add(name, text) }
  }

  /// Takes up an annotation, none of a name twice. One that says nothing here is passed over.
  public mutating func add(_ name: String, _ text: String) {
    guard name.utf8.starts(with: PoolAnnotation.prefix.utf8) else { return }
    let annotation = Annotation(name: name, text: text)
    if PoolAnnotation.known.contains(name) {
      known.append(annotation)
    } else if firstUnknown == nil, !name.utf8.starts(with: PoolAnnotation.reports.utf8) {
      firstUnknown = annotation
    }
  }

  /// The first one that asks for something which cannot be honoured.
  var unknown: (name: String, text: String)? { firstUnknown.map { ($0.name, $0.text) } }

  /// The text of an annotation that is known; `nil` when the pod has none of that name.
  public subscript(name: String) -> String? { known.first { $0.name == name }?.text }
}
