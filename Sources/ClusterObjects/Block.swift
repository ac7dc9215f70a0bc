package import Addressing
package import KubernetesClient

/// A node's claim on addresses of a pool that several nodes share: an IPVLANBlock. Created, it is owned; deleted, it is
/// free. It never changes.
package struct Block: Sendable, Hashable {
  package let name: String
  package let uid: String
  /// The moment of its creation: the server's versions grow, and no block is ever written again.
  package let version: UInt64
  package let pool: String
  package let poolUID: String
  package let owner: Owner
  package let addresses: AddressSet

  /// The part of these addresses that one block can have: the definition allows 256 ranges.
  static func part(of addresses: AddressSet) -> AddressSet { AddressSet(Array(addresses.ranges.prefix(256))) }

  /// These addresses by blocks as the node claims them ahead of need. A block goes as a whole: as one block of many addresses, what
  /// pods held would stay the node's until the last of them is gone, and then as its spare.
  ///
  /// - Parameter size: a power of two. Blocks begin where it divides the address.
  static func parts(of addresses: AddressSet, size: Int) -> [AddressSet] {
    var parts: [AddressSet] = []
    var rest = addresses
    while let first = rest.ranges.first?.lower {
      let end = IPAddress(family: first.family, value: first.value | UInt128(size - 1))
      guard let range = IPRange(first, end) else { break }
      parts.append(rest.intersection(AddressSet([range])))
      rest = rest.subtracting(AddressSet([range]))
    }
    return parts
  }

  /// A Node as long as it lives: one that is made anew under its name is another one.
  package struct Owner: Sendable, Hashable {
    package let node: String
    package let uid: String

    package init(node: String, uid: String) { (self.node, self.uid) = (node, uid) }
  }

  /// Reads an object; `nil` for one that cannot be read. Nothing is claimed by it.
  package init?(_ object: UnstructuredObject) {
    guard let name = object.metadata.name, let spec = object["spec"], let pool = spec["pool"]?.string,
      let poolUID = spec["poolUID"]?.string, let node = spec["node"]?.string,
      let nodeUID = spec["nodeUID"]?.string,
      let version = object.metadata.resourceVersion.flatMap(UInt64.init)
    else { return nil }
    let texts = (spec["ips"]?.array ?? []).compactMap(\.string)
    let ranges = texts.compactMap { IPRange($0) }
    guard !ranges.isEmpty, ranges.count == texts.count else { return nil }
    self.name = name
    uid = object.metadata.uid ?? ""
    self.version = version
    self.pool = pool
    self.poolUID = poolUID
    owner = Owner(node: node, uid: nodeUID)
    addresses = AddressSet(ranges)
  }

  /// The object to be made for a claim.
  ///
  /// It is named by its first address, so that of nodes that see the same only one gets it.
  package static func claim(
    on addresses: AddressSet, of pool: ObjectIdentity, for owner: Owner
  ) -> UnstructuredObject? {
    guard let first = addresses.ranges.first?.lower else { return nil }
    let address = "\(first)".map { $0 == ":" || $0 == "." ? "-" : $0 }
    // Of an object's 253 characters; a name ends with no dash.
    let name = "\(pool.name.prefix(200))-\(String(address))" + (address.last == "-" ? "0" : "")
    return UnstructuredObject(
      metadata: ObjectMetadata(name: name),
      fields: [
        "spec": [
          "pool": .string(pool.name), "poolUID": .string(pool.uid), "node": .string(owner.node),
          "nodeUID": .string(owner.uid),
          "ips": .array(addresses.ranges.map { .string("\($0)") }),
        ]
      ])
  }
}

/// All blocks of the cluster, as far as the server has told.
///
/// Two blocks can overlap when their nodes saw different forms of a pool, or claimed by two pools. The older one counts then. Each node sees its own
/// block come by the watch before it gives an address of it; the watch tells in the order of creation, so every older
/// one has been seen by then: of two nodes never both believe that theirs is the older.
package struct BlockMap: Sendable {
  private var blocks: [String: Block] = [:]

  package init() {}

  package init(_ objects: [UnstructuredObject]) { for object in objects { put(object) } }

  package mutating func put(_ object: UnstructuredObject) {
    guard let name = object.metadata.name else { return }
    blocks[name] = Block(object)
  }

  package mutating func remove(_ name: String) { blocks[name] = nil }

  /// Follows the collection.
  package mutating func take(_ event: ReflectorEvent<UnstructuredObject>) {
    switch event {
    case .listed(let list): self = BlockMap(list.items)
    case .changed(let object): put(object)
    case .deleted(let object): if let name = object.metadata.name { remove(name) }
    case .connected, .failed: break
    }
  }

  package var all: some Collection<Block> { blocks.values }

  /// The nodes that have blocks.
  package var owners: Set<String> { Set(blocks.values.map(\.owner.node)) }

  /// Every address that somebody has claimed.
  package var claimed: AddressSet { AddressSet(union: blocks.values.map(\.addresses)) }

  /// What counts of a block: its addresses without those of older ones.
  package func effective(_ block: Block) -> AddressSet {
    blocks.values.reduce(block.addresses) { rest, other in
      guard other.version < block.version, other.addresses.overlaps(rest) else { return rest }
      return rest.subtracting(other.addresses)
    }
  }

  /// The addresses that count as those of other nodes: each is that of the oldest block that has it.
  package func foreign(to owner: Block.Owner?) -> AddressSet {
    AddressSet(union: blocks.values.filter { $0.owner != owner }.map(\.addresses))
      .subtracting(own(of: owner))
  }

  /// A block of another node with one of these addresses.
  package func foreign(to owner: Block.Owner?, among addresses: AddressSet) -> Block? {
    blocks.values.filter { $0.owner != owner && $0.addresses.overlaps(addresses) }
      .min { $0.version < $1.version }
  }

  /// The addresses that count as those of a node.
  package func own(of owner: Block.Owner?) -> AddressSet {
    AddressSet(union: (owner.map { blocks(of: $0) } ?? []).map(effective))
  }

  /// The blocks of a node.
  package func blocks(of owner: Block.Owner) -> [Block] {
    blocks.values.filter { $0.owner == owner }.sorted { $0.version < $1.version }
  }
}
