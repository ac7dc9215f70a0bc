/// A change of a collection, as the server tells it.
public enum WatchEvent<Object: KubernetesObject>: Sendable {
  /// The object is new to the collection, or to the selection.
  case added(Object)
  /// The object has changed.
  case modified(Object)
  /// The object is gone, or no longer chosen. Its last state.
  case deleted(Object)
  /// Nothing has changed up to this version of the collection. In a watch that began with the whole collection, the first
  /// one with `endsInitialEvents` says that the objects until then are all that there are.
  case bookmark(resourceVersion: String, endsInitialEvents: Bool)

  /// The version to watch from after this event.
  public var resourceVersion: String? {
    switch self {
    case .added(let object), .modified(let object), .deleted(let object): object.metadata.resourceVersion
    case .bookmark(let version, _): version
    }
  }
}

/// One line of a watch.
struct WatchFrame<Object: KubernetesObject>: Decodable {
  enum Content {
    case event(WatchEvent<Object>)
    case error(Status)
  }

  let content: Content

  enum CodingKeys: CodingKey { case type, object }

  private struct Marked: Decodable {
    struct Metadata: Decodable {
      var resourceVersion: String
      var annotations: [String: String]?
    }
    var metadata: Metadata
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let type = try container.decode(String.self, forKey: .type)
    func object() throws -> Object { try container.decode(Object.self, forKey: .object) }
    switch type {
    case "ADDED": content = .event(.added(try object()))
    case "MODIFIED": content = .event(.modified(try object()))
    case "DELETED": content = .event(.deleted(try object()))
    case "BOOKMARK":
      let metadata = try container.decode(Marked.self, forKey: .object).metadata
      content = .event(
        .bookmark(
          resourceVersion: metadata.resourceVersion,
          endsInitialEvents: metadata.annotations?["k8s.io/initial-events-end"] == "true"))
    case "ERROR": content = .error(try container.decode(Status.self, forKey: .object))
    default:
      throw DecodingError.dataCorruptedError(
        forKey: .type, in: container, debugDescription: "\"\(type)\" is no type of an event")
    }
  }
}

/// Cuts a stream of bytes into lines.
struct LineSplitter {
  private var pending: [UInt8] = []
  private let longest: Int

  init(longest: Int) { self.longest = longest }

  /// The lines that are complete with these bytes; `nil` when a line is longer than allowed.
  mutating func append(_ bytes: some Sequence<UInt8>) -> [[UInt8]]? {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte == 0x0A {
        if !pending.isEmpty { lines.append(pending) }
        pending = []
      } else {
        pending.append(byte)
      }
    }
    return pending.count <= longest ? lines : nil
  }

  /// Whether a line has begun and not ended.
  var isInsideLine: Bool { !pending.isEmpty }
}
