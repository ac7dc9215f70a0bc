internal import Addressing
internal import Platform

extension HostLocalIndex {
  /// A directory at a boot: an index of another one says nothing.
  struct Identity: Sendable, Hashable {
    /// The boot's number, hashed.
    let boot: UInt64
    /// The directory's file system.
    let device: UInt64
    /// The directory.
    let inode: UInt64

    init(boot: UInt64, device: UInt64, inode: UInt64) {
      self.boot = boot
      self.device = device
      self.inode = inode
    }

    /// A directory at the present boot; `nil` where the boot's number cannot be had.
    init?(_ status: FileStatus) {
      guard let boot = BootID.current() else { return nil }
      self.init(boot: StableHash.fnv1a(boot), device: status.device, inode: status.inode)
    }
  }

  /// The first bytes of the file: eight numbers in little-endian order.
  struct Header: Sendable, Hashable {
    static let size = 64
    private static let magic: UInt64 = 0x3158_4449_4C48_4349

    let identity: Identity
    /// How many slots there are: a power of two.
    var capacity: Int
    /// How many of them are not free.
    var used = 0
    /// The directory's modification time when the index had every lease.
    var seal: FileStatus.Time?

    init(identity: Identity, capacity: Int) {
      self.identity = identity
      self.capacity = capacity
    }

    /// Reads a header; `nil` for anything else.
    init?(_ bytes: [UInt8]) {
      guard bytes.count == Self.size else { return nil }
      let numbers = stride(from: 0, to: Self.size, by: 8).map { UInt64(littleEndian: bytes[$0..<$0 + 8]) }
      guard numbers[0] == Self.magic, let capacity = Int(exactly: numbers[4]),
        let used = Int(exactly: numbers[5]),
        (1...1 << 30).contains(capacity), capacity & (capacity - 1) == 0, used <= capacity
      else { return nil }
      identity = Identity(boot: numbers[1], device: numbers[2], inode: numbers[3])
      self.capacity = capacity
      self.used = used
      seal = FileStatus.Time(
        seconds: Int(truncatingIfNeeded: numbers[6]), nanoseconds: Int(truncatingIfNeeded: numbers[7]))
    }

    /// The header as it is read; without a seal one that no directory's time equals.
    var bytes: [UInt8] {
      let seal = seal ?? FileStatus.Time(seconds: 0, nanoseconds: -1)
      return [
        Self.magic, identity.boot, identity.device, identity.inode, UInt64(capacity), UInt64(used),
        UInt64(truncatingIfNeeded: seal.seconds), UInt64(truncatingIfNeeded: seal.nanoseconds),
      ].flatMap { $0.littleEndianBytes }
    }

    /// Slots for so many leases: a quarter full, so that half full is some time away.
    static func capacity(for count: Int) -> Int {
      var capacity = 1024
      while capacity < count * 4 { capacity *= 2 }
      return capacity
    }
  }

  /// One place of the table.
  struct Slot: Sendable, Hashable {
    static let size = 32

    enum State: UInt64 {
      case free = 0
      case held = 1
      case struckOut = 2
    }

    let state: State
    let owner: UInt64
    let address: IPAddress

    init(state: State, owner: UInt64, address: IPAddress) {
      self.state = state
      self.owner = owner
      self.address = address
    }

    /// Reads a slot; `nil` for what no slot can be.
    init?(_ bytes: ArraySlice<UInt8>) {
      guard bytes.count == Self.size else { return nil }
      let first = bytes.startIndex
      // The low half is the state, the high half the family.
      let kind = UInt64(littleEndian: bytes[first..<first + 8])
      guard let state = State(rawValue: kind & 0xFFFF_FFFF) else { return nil }
      let family = IPFamily(rawValue: UInt8(truncatingIfNeeded: kind >> 32)) ?? .v4
      let low = UInt64(littleEndian: bytes[first + 16..<first + 24])
      let high = UInt64(littleEndian: bytes[first + 24..<first + 32])
      self.state = state
      owner = UInt64(littleEndian: bytes[first + 8..<first + 16])
      address = IPAddress(family: family, value: UInt128(high) << 64 | UInt128(low))
    }

    var bytes: [UInt8] {
      [
        state.rawValue | UInt64(address.family.rawValue) << 32, owner,
        UInt64(truncatingIfNeeded: address.value), UInt64(truncatingIfNeeded: address.value >> 64),
      ].flatMap { $0.littleEndianBytes }
    }
  }
}

extension UInt64 {
  fileprivate init(littleEndian bytes: ArraySlice<UInt8>) {
    self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  fileprivate var littleEndianBytes: [UInt8] {
    stride(from: 0, to: 64, by: 8).map { UInt8(truncatingIfNeeded: self >> $0) }
  }
}
