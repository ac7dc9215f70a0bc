internal import Addressing
internal import Platform

/// Writes the parts of a compiled catalogue: numbers in groups of seven bits, the lowest first, as most are small; texts and
/// lists behind their lengths.
struct CatalogWriter {
  private(set) var bytes: [UInt8] = []

  mutating func number(_ number: UInt64) {
    var rest = number
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func flag(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

  mutating func text(_ text: String) {
    number(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  mutating func list<Element>(_ elements: [Element], _ write: (Element, inout CatalogWriter) -> Void) {
    number(UInt64(elements.count))
    for element in elements { write(element, &self) }
  }

  mutating func optional<Value>(_ value: Value?, _ write: (Value, inout CatalogWriter) -> Void) {
    flag(value != nil)
    if let value { write(value, &self) }
  }

  mutating func status(_ status: FileStatus) {
    for value in [status.device, status.inode, UInt64(status.size)] { number(value) }
    for time in [status.modified, status.changed] {
      number(UInt64(truncatingIfNeeded: time.seconds))
      number(UInt64(truncatingIfNeeded: time.nanoseconds))
    }
  }

  private mutating func texts(_ texts: [String]) { list(texts) { $1.text($0) } }

  private mutating func address(_ address: IPAddress) {
    bytes.append(address.family.rawValue)
    number(UInt64(truncatingIfNeeded: address.value))
    if address.family == .v6 { number(UInt64(truncatingIfNeeded: address.value >> 64)) }
  }

  private mutating func network(_ network: CIDR) {
    address(network.address)
    bytes.append(UInt8(network.prefixLength))
  }

  private mutating func set(_ set: AddressSet) {
    list(set.ranges) { range, writer in
      writer.address(range.lower)
      writer.address(range.upper)
    }
  }

  private mutating func route(_ route: IPRoute) {
    network(route.destination)
    optional(route.gateway) { $1.address($0) }
    for value in [route.mtu, route.advertisedMSS, route.priority, route.table, route.scope.map(UInt32.init)] {
      optional(value) { $1.number(UInt64($0)) }
    }
  }

  private mutating func selector(_ selector: LabelSelector?) {
    optional(selector) { selector, writer in
      writer.list(selector.requirements) { requirement, writer in
        writer.text(requirement.key)
        writer.text(requirement.operator.rawValue)
        writer.texts(requirement.values)
      }
    }
  }

  mutating func pool(_ pool: NodePool) {
    text(pool.name)
    text(pool.source.file)
    number(UInt64(pool.source.document))
    number(UInt64(pool.source.line))
    network(pool.subnet)
    set(pool.addresses)
    set(pool.excluded)
    optional(pool.gateway) { $1.address($0) }
    list(pool.routes) { $1.route($0) }
    flag(pool.isDefault)
    optional(pool.sharing) { $1.text($0.rawValue) }
    for names in [pool.nodeNames, pool.namespaceNames, pool.multusNames] { texts(names) }
    for selector in [pool.nodeAffinity, pool.namespaceAffinity, pool.podAffinity] { self.selector(selector) }
  }

  mutating func fault(_ fault: PoolFault) {
    text(fault.file)
    for place in [fault.document, fault.line] { optional(place) { $1.number(UInt64($0)) } }
    text(fault.problem)
    flag(fault.isReservation)
  }
}

/// Reads what a ``CatalogWriter`` has written, and trusts none of it.
struct CatalogReader {
  /// What is there is no compiled catalogue.
  struct Malformed: Error {}

  /// What was not read yet.
  private(set) var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest.count else { throw Malformed() }
    let taken = rest.prefix(count)
    rest = rest.dropFirst(count)
    return taken
  }

  private mutating func byte() throws(Malformed) -> UInt8 {
    guard let byte = rest.popFirst() else { throw Malformed() }
    return byte
  }

  mutating func number() throws(Malformed) -> UInt64 {
    var number: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try byte()
      // The tenth has room for one bit.
      guard shift < 63 || byte <= 1 else { throw Malformed() }
      number |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return number }
      shift += 7
    }
  }

  private mutating func number<Number: FixedWidthInteger>(as type: Number.Type) throws(Malformed) -> Number {
    guard let number = Number(exactly: try number()) else { throw Malformed() }
    return number
  }

  mutating func flag() throws(Malformed) -> Bool {
    switch try byte() {
    case 0: return false
    case 1: return true
    default: throw Malformed()
    }
  }

  private mutating func text() throws(Malformed) -> String {
    String(decoding: try take(try number(as: Int.self)), as: UTF8.self)
  }

  mutating func list<Element>(
    _ read: (inout CatalogReader) throws(Malformed) -> Element
  ) throws(Malformed) -> [Element] {
    let count = try number(as: Int.self)
    // Each element takes a byte at least: a length from elsewhere makes no large array.
    guard count <= rest.count else { throw Malformed() }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try read(&self)) }
    return elements
  }

  private mutating func optional<Value>(
    _ read: (inout CatalogReader) throws(Malformed) -> Value
  ) throws(Malformed) -> Value? {
    try flag() ? try read(&self) : nil
  }

  private mutating func texts() throws(Malformed) -> [String] {
    try list { reader throws(Malformed) in try reader.text() }
  }

  private mutating func address() throws(Malformed) -> IPAddress {
    guard let family = IPFamily(rawValue: try byte()) else { throw Malformed() }
    let low = UInt128(try number())
    let high = family == .v6 ? UInt128(try number()) : 0
    return IPAddress(family: family, value: high << 64 | low)
  }

  private mutating func network() throws(Malformed) -> CIDR {
    guard let network = CIDR(address: try address(), prefixLength: Int(try byte())) else { throw Malformed() }
    return network
  }

  private mutating func set() throws(Malformed) -> AddressSet {
    AddressSet(
      try list { reader throws(Malformed) in
        guard let range = IPRange(try reader.address(), try reader.address()) else { throw Malformed() }
        return range
      })
  }

  private mutating func route() throws(Malformed) -> IPRoute {
    var route = IPRoute(destination: try network())
    route.gateway = try optional { reader throws(Malformed) in try reader.address() }
    func value<Number: FixedWidthInteger>(_ type: Number.Type) throws(Malformed) -> Number? {
      try optional { reader throws(Malformed) in try reader.number(as: type) }
    }
    route.mtu = try value(UInt32.self)
    route.advertisedMSS = try value(UInt32.self)
    route.priority = try value(UInt32.self)
    route.table = try value(UInt32.self)
    route.scope = try value(UInt8.self)
    return route
  }

  private mutating func selector() throws(Malformed) -> LabelSelector? {
    try optional { reader throws(Malformed) in
      LabelSelector(
        try reader.list { reader throws(Malformed) in
          let key = try reader.text()
          guard let `operator` = LabelSelector.Operator(rawValue: try reader.text()) else {
            throw Malformed()
          }
          return LabelSelector.Requirement(key: key, operator: `operator`, values: try reader.texts())
        })
    }
  }

  mutating func pool() throws(Malformed) -> NodePool {
    NodePool(
      name: try text(),
      source: NodePool.Source(
        file: try text(), document: try number(as: Int.self), line: try number(as: Int.self)),
      subnet: try network(), addresses: try set(), excluded: try set(),
      gateway: try optional { reader throws(Malformed) in try reader.address() },
      routes: try list { reader throws(Malformed) in try reader.route() },
      isDefault: try flag(), isDisabled: false, withheld: nil,
      sharing: try optional { reader throws(Malformed) in
        guard let sharing = NodePool.Sharing(rawValue: try reader.text()) else { throw Malformed() }
        return sharing
      },
      nodeNames: try texts(), namespaceNames: try texts(), multusNames: try texts(),
      nodeAffinity: try selector(), namespaceAffinity: try selector(), podAffinity: try selector())
  }

  mutating func fault() throws(Malformed) -> PoolFault {
    let file = try text()
    let document = try optional { reader throws(Malformed) in try reader.number(as: Int.self) }
    let line = try optional { reader throws(Malformed) in try reader.number(as: Int.self) }
    var fault = PoolFault(file: file, document: document, line: line, problem: try text())
    fault.isReservation = try flag()
    return fault
  }
}
