package import IPAM
package import JSON

/// The pools as this node sees them.
package struct PoolsReport: Report {
  /// A pool, and what each network thinks of it.
  package struct Row: Sendable {
    package let count: PoolCount
    /// The networks that are served.
    package fileprivate(set) var networks: [String]
    /// Why others are not: network and reason.
    fileprivate var objections: [(network: String, reason: String)]
  }

  /// The pools, those that serve a network first.
  package private(set) var rows: [Row] = []
  package private(set) var remarks: [String] = []
  /// Faults of the pool files, each once.
  package private(set) var faults: [String] = []

  /// Asks for every network that takes addresses from pools; without any for the keys' defaults.
  package init(_ networks: NetworkDirectory, only name: String? = nil) {
    var asked = networks.networks.filter { name == nil || $0.name == name }
      .compactMap { network in network.poolAllocator.map { (network.name, $0) } }
    if asked.isEmpty {
      let name = name ?? "ipvlan"
      remarks.append(
        "no configuration takes addresses from pools; shown is what a network \"\(name)\" with the defaults of "
          + "ipam type ippool would see")
      let byDefault = try? IPPoolAllocator(JSONFields([:]), network: name, environment: .current())
      asked = byDefault.map { [(name, $0)] } ?? []
    }
    for (network, allocator) in asked { ask(allocator, network) }
    rows.sort {
      ($0.networks.isEmpty ? 1 : 0, $0.count.pool.name) < ($1.networks.isEmpty ? 1 : 0, $1.count.pool.name)
    }
    remarks += faults
  }

  private mutating func ask(_ allocator: IPPoolAllocator, _ network: String) {
    do throws(AllocationError) {
      let report = try allocator.survey()
      for fault in report.faults.map(\.description) where !faults.contains(fault) { faults.append(fault) }
      for unknown in report.unknownNames {
        faults.append(
          "network \(network) names pool \"\(unknown)\", which is not in \(allocator.poolDirectory)")
      }
      for pool in report.pools { take(pool, network) }
    } catch {
      faults.append(error.text)
    }
  }

  private mutating func take(_ pool: IPPoolAllocator.PoolReport, _ network: String) {
    let source = pool.count.pool.source
    var position = rows.firstIndex {
      $0.count.pool.source == source && $0.count.pool.name == pool.count.pool.name
    }
    if position == nil {
      rows.append(Row(count: pool.count, networks: [], objections: []))
      position = rows.count - 1
    }
    guard let position else { return }
    if let objection = pool.objection {
      rows[position].objections.append((network, objection))
    } else {
      rows[position].networks.append(network)
    }
  }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [
        .init("POOL", isWhole: true), .init("SUBNET", dispensability: 2), .init("TOTAL", isNumber: true),
        .init("HELD", isNumber: true), .init("COOLING", isNumber: true), .init("FREE", isNumber: true),
        .init("SERVES", dispensability: 1),
      ], empty: "no pools")
    for row in rows {
      let count = row.count
      let isEmpty = !row.networks.isEmpty && count.free == 0
      table.append([
        .init(count.pool.name), .init("\(count.pool.subnet)"), .init(Quantity.count(count.total)),
        .init(Quantity.count(count.held)), .init(Quantity.count(count.cooling)),
        .init(Quantity.count(count.free), isEmpty ? .bad : .plain),
        row.networks.isEmpty ? .init("nobody here", .faint) : .init(lines: row.networks),
      ])
    }
    var text = table.text(for: screen)
    for row in rows where row.networks.isEmpty {
      for reason in Set(row.objections.map(\.reason)).sorted() {
        text += screen.styled("\(row.count.pool.name): not eligible: \(reason)", .faint) + "\n"
      }
    }
    return text
  }

  package var json: JSONValue {
    .array(
      rows.map { row in
        let count = row.count
        return .object([
          "name": .string(count.pool.name), "subnet": .string("\(count.pool.subnet)"),
          "source": .string("\(count.pool.source)"), "ranges": .list(count.pool.addresses.ranges),
          "total": .string("\(count.total)"), "held": .string("\(count.held)"),
          "cooling": .string("\(count.cooling)"), "free": .string("\(count.free)"),
          "networks": .list(row.networks),
          "objections": .array(
            row.objections.map { ["network": .string($0.network), "reason": .string($0.reason)] }
              .map(JSONValue.object)),
        ])
      })
  }
}
