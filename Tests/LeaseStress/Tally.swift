/// What workers have seen.
struct Tally: CustomStringConvertible {
  var given = 0
  var refused = 0
  var busy = 0
  /// In microseconds.
  var slowest = 0

  init() {}

  init?(_ text: String) {
    let numbers = text.split(separator: " ").compactMap { Int($0) }
    guard numbers.count == 4 else { return nil }
    (given, refused, busy, slowest) = (numbers[0], numbers[1], numbers[2], numbers[3])
  }

  var description: String { "\(given) \(refused) \(busy) \(slowest)" }

  static func + (left: Tally, right: Tally) -> Tally {
    var sum = left
    sum.given += right.given
    sum.refused += right.refused
    sum.busy += right.busy
    sum.slowest = max(left.slowest, right.slowest)
    return sum
  }
}
