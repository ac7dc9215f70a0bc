internal import Addressing
internal import JSON
internal import YAML

/// Pools that cannot both be obeyed: of one name, of subnets that overlap, or with addresses of each other's.
///
/// Of two the one that is written later is refused. Pools that contradict nobody are found by sorting, so that a
/// thousand pools are compared in a moment; only those that remain are compared pair by pair.
public enum PoolContradictions {
  /// A pool, and where it was written.
  struct Subject {
    let pool: NodePool
    let fields: JSONFields
    let document: YAMLDocument
  }

  /// The pools that are obeyed, in the order in which they are written, and what is wrong with the others.
  static func resolve(
    _ subjects: [Subject]
  ) -> (pools: [NodePool], refused: [(subject: Subject, error: JSONFieldError)]) {
    let suspects = suspects(subjects.map { $0.pool })
    guard suspects.contains(true) else { return (subjects.map { $0.pool }, []) }
    var pools: [NodePool] = []
    var others: [NodePool] = []
    var refused: [(subject: Subject, error: JSONFieldError)] = []
    for (subject, isSuspect) in zip(subjects, suspects) {
      if isSuspect {
        do throws(JSONFieldError) { try refuse(subject, beside: others) } catch {
          refused.append((subject, error))
          continue
        }
        others.append(subject.pool)
      }
      pools.append(subject.pool)
    }
    return (pools, refused)
  }

  private static func refuse(_ subject: Subject, beside others: [NodePool]) throws(JSONFieldError) {
    let (pool, fields) = (subject.pool, subject.fields)
    for other in others {
      if other.name == pool.name {
        throw JSONFieldError(
          path: fields.path(of: "metadata.name"), value: .string(pool.name),
          problem: "is the name of the pool at \(other.source) too, which is read first and counts")
      }
      if other.subnet != pool.subnet, other.subnet.overlaps(pool.subnet) {
        throw JSONFieldError(
          path: fields.path(of: "spec.subnet"), value: .string("\(pool.subnet)"),
          problem:
            "overlaps with subnet \(other.subnet) of pool \(other.name) at \(other.source), which is read first "
            + "and counts")
      }
      if other.addresses.overlaps(pool.addresses) {
        throw JSONFieldError(
          path: fields.path(of: "spec.ips"), value: fields.object["spec"]?.object?["ips"],
          problem: "has addresses of pool \(other.name) at \(other.source), which is read first and counts")
      }
    }
  }

  /// Which pools have a name, a subnet or addresses in common with another.
  public static func suspects(_ pools: [NodePool]) -> [Bool] {
    var suspects = pools.map { _ in false }
    markNames(pools, &suspects)
    markSubnets(pools, &suspects)
    var ranges: [(range: IPRange, pool: Int)] = []
    for (index, pool) in pools.enumerated() { ranges += pool.addresses.ranges.map { ($0, index) } }
    markOverlaps(ranges, &suspects)
    return suspects
  }

  private static func markNames(_ pools: [NodePool], _ suspects: inout [Bool]) {
    let order = pools.indices.sorted { pools[$0].name < pools[$1].name }
    for (first, second) in zip(order, order.dropFirst()) where pools[first].name == pools[second].name {
      (suspects[first], suspects[second]) = (true, true)
    }
  }

  /// Many pools may have one subnet; two subnets must not share addresses.
  private static func markSubnets(_ pools: [NodePool], _ suspects: inout [Bool]) {
    let order = pools.indices.sorted { left, right in
      let (left, right) = (pools[left].subnet, pools[right].subnet)
      return left.firstAddress == right.firstAddress
        ? left.prefixLength < right.prefixLength : left.firstAddress < right.firstAddress
    }
    var ranges: [(range: IPRange, pool: Int)] = []
    // The place among the ranges of each pool's subnet.
    var places = pools.map { _ in 0 }
    for index in order {
      let subnet = pools[index].subnet
      if ranges.last.map({ pools[$0.pool].subnet != subnet }) ?? true {
        ranges.append((IPRange(subnet), index))
      }
      places[index] = ranges.count - 1
    }
    guard ranges.count > 1 else { return }
    var overlapping = ranges.map { _ in false }
    markOverlaps(ranges.enumerated().map { ($0.element.range, $0.offset) }, &overlapping)
    for index in pools.indices where overlapping[places[index]] { suspects[index] = true }
  }

  /// Marks whoever has a range that overlaps with one of somebody else's.
  ///
  /// In the order of their beginnings, a range overlaps with an earlier one exactly when it begins before the furthest end
  /// so far; and the one with the furthest end is marked with it, so that no partner of a pair is missed.
  private static func markOverlaps(_ ranges: [(range: IPRange, pool: Int)], _ marks: inout [Bool]) {
    let sorted = ranges.sorted { $0.range < $1.range }
    guard var furthest = sorted.first else { return }
    for next in sorted.dropFirst() {
      if next.range.lower <= furthest.range.upper, next.pool != furthest.pool {
        (marks[next.pool], marks[furthest.pool]) = (true, true)
      }
      if next.range.upper > furthest.range.upper { furthest = next }
    }
  }
}
