internal import JSON
internal import Platform

/// One line of what is seen to change.
package struct WatchEvent: Sendable {
  package enum Change: String, Sendable {
    /// It was there before the watch began, or after events were lost.
    case present
    case added
    case changed
    case removed
    /// Events were lost; what follows is the present state.
    case lost
  }

  let time: WallClock
  let change: Change
  /// `link`, `address`, `route` or `namespace`.
  let object: String
  /// The namespace, as people call it.
  let place: String
  let text: String

  /// A line for people.
  package func line(for screen: Screen) -> ScreenText {
    let (sign, style): (String, Style) =
      switch change {
      case .present: ("=", .faint)
      case .added: ("+", .good)
      case .changed: ("~", .warning)
      case .removed: ("-", .bad)
      case .lost: ("!", .bad)
      }
    // Hours to milliseconds, of 2026-11-23T20:17:30.123456Z.
    let clock = time.description.dropFirst(11).prefix(12)
    let name = object + String(repeating: " ", count: max(0, 9 - object.count))
    return "\(clock)  \(screen.styled("\(sign) \(name)", style))  \(place): \(text)\n"
  }

  /// A line for programs.
  package var json: [UInt8] {
    let object: JSONObject = [
      "time": .string(time.description), "change": .string(change.rawValue), "object": .string(object),
      "netns": .string(place), "text": .string(text),
    ]
    return JSONValue.object(object).serialized() + [0x0A]
  }
}
