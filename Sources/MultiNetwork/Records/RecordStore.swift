package import CNI
internal import IPVLAN
package import JSON
internal import Platform

/// The records of a node's containers, two files each: `<container>@<interface>.networks`, which is on the disk before
/// anything is done for the container, and `.results` with what each network answered, once all have.
///
/// A `.networks` file that cannot be read as a record was cut short while it was written: nothing was done for it. A
/// missing `.results` file costs plugins the `prevResult` of DEL, without which they must get along.
package struct RecordStore: Sendable {
  /// Where the files lie.
  package let directory: String

  /// What a record may have, in bytes.
  private static let largest = 16 << 20

  package init(directory: String) { self.directory = directory }

  /// The names of a container's files.
  package struct Key: Sendable, Hashable {
    fileprivate let stem: String
    fileprivate init(stem: String) { self.stem = stem }
  }

  /// Names of containers have any length; those of files have 255 bytes.
  private static let longest = 160

  /// The names of the files of an attachment: no identifier has `@` or `+`, and no interface a slash.
  static func key(_ containerID: String, _ ifname: String) -> Key {
    guard containerID.utf8.count > longest else { return Key(stem: "\(containerID)@\(ifname)") }
    let hash = String(StableHash.fnv1a(containerID), radix: 16)
    return Key(stem: "\(String(decoding: containerID.utf8.prefix(longest), as: UTF8.self))+\(hash)@\(ifname)")
  }

  private func path(_ key: Key, _ kind: String) -> String { "\(directory)/\(key.stem).\(kind)" }

  private static let (plan, results, unfinished) = ("networks", "results", "unfinished")

  /// Records what is about to be done. What this returns keeps others from the attachment as long as it lives, or a
  /// plugin that was started meanwhile.
  /// - Throws: ``CNIError`` with code 102 when the container has a record already, else 5.
  func begin(_ record: AttachmentRecord) throws(CNIError) -> OpenRecord {
    let key = Self.key(record.containerID, record.ifname)
    let path = path(key, Self.plan)
    do throws(Errno) {
      try Files.makeDirectory(directory)
      let file = try OwnedDescriptor(
        opening: path, .readWrite, options: [.create, .exclusiveCreate, .noFollow],
        permissions: [.ownerReadWrite])
      do throws(Errno) {
        _ = try file.tryLock(.exclusive)
        try file.shareWithPrograms()
        try file.writeAll(JSONValue.object(record.json).serialized() + [0x0A])
        try file.synchronize()
        try OwnedDescriptor(opening: directory, .readOnly, options: [.directory]).synchronize()
      } catch {
        try? Files.remove(path)
        throw error
      }
      return OpenRecord(key: key, lock: file)
    } catch  where error == .fileExists {
      throw CNIError(
        code: .interfaceNameTaken,
        message: "container \(record.containerID) has its networks already, or what an earlier ADD has left",
        details: "\(path) records them; call DEL first")
    } catch {
      throw CNIError(code: .ioFailure, message: "cannot record the networks in \(path)", details: "\(error)")
    }
  }

  /// Records what the networks have answered.
  /// - Throws: ``CNIError`` with code 5.
  func finish(_ key: Key, _ results: [JSONObject]) throws(CNIError) {
    let bytes = JSONValue.array(results.map(JSONValue.object)).serialized() + [0x0A]
    do throws(Errno) {
      let file = try OwnedDescriptor(
        opening: path(key, Self.unfinished), .writeOnly, options: [.create, .truncate, .noFollow],
        permissions: [.ownerReadWrite])
      try file.writeAll(bytes)
      try Files.move(path(key, Self.unfinished), to: path(key, Self.results))
    } catch {
      throw CNIError(
        code: .ioFailure, message: "cannot record the results in \(path(key, Self.results))",
        details: "\(error)")
    }
  }

  /// Opens the record of a container, and waits for a moment for whoever is at work on it.
  /// - Returns: `nil` when there is none.
  func open(_ key: Key, waiting: Bool = true) throws(CNIError) -> OpenRecord? {
    do throws(Errno) {
      let file = try OwnedDescriptor(
        opening: path(key, Self.plan), .readWrite, options: [.noFollow, .nonBlocking])
      let isFree = try waiting ? file.lock(.exclusive) : file.tryLock(.exclusive)
      return OpenRecord(key: key, lock: file, isFree: isFree)
    } catch  where error == .noSuchFileOrDirectory {
      return nil
    } catch {
      throw unreadable(path(key, Self.plan), error)
    }
  }

  /// What a record says.
  /// - Returns: `nil` when it was removed meanwhile, or was never finished.
  package func read(_ key: Key) throws(CNIError) -> AttachmentRecord? {
    guard let object = try value(path(key, Self.plan))?.object else { return nil }
    do throws(JSONFieldError) { return try AttachmentRecord(JSONFields(object)) } catch {
      throw CNIError(
        code: .ioFailure, message: "\(path(key, Self.plan)) is no record of this version: \(error)",
        details: "the version that wrote it removes what it records")
    }
  }

  /// What the networks answered, in their order; empty when it is not known.
  package func results(_ key: Key) throws(CNIError) -> [JSONObject] {
    try value(path(key, Self.results))?.array?.compactMap { $0.object } ?? []
  }

  /// Forgets a container. The record goes last.
  /// - Throws: ``CNIError`` with code 5.
  func remove(_ key: Key) throws(CNIError) {
    for kind in [Self.unfinished, Self.results, Self.plan] {
      do throws(Errno) { try Files.remove(path(key, kind)) } catch {
        guard error != .noSuchFileOrDirectory else { continue }
        throw CNIError(code: .ioFailure, message: "cannot remove \(path(key, kind))", details: "\(error)")
      }
    }
  }

  /// The containers that have records.
  /// - Throws: ``CNIError`` with code 5 when the directory cannot be listed.
  func keys() throws(CNIError) -> [Key] { try keys(of: Self.plan) }

  /// The containers whose networks have all answered.
  /// - Throws: ``CNIError`` with code 5 when the directory cannot be listed.
  package func finished() throws(CNIError) -> [Key] { try keys(of: Self.results) }

  private func keys(of kind: String) throws(CNIError) -> [Key] {
    do throws(Errno) {
      return try Files.names(in: directory).filter { $0.hasSuffix(".\(kind)") }
        .map { Key(stem: String($0.dropLast(kind.utf8.count + 1))) }
    } catch {
      guard error != .noSuchFileOrDirectory else { return [] }
      throw unreadable(directory, error)
    }
  }

  /// Tries whether records can be written.
  /// - Throws: ``CNIError`` with code 5.
  func probe() throws(CNIError) {
    let path = "\(directory)/.probe"
    do throws(Errno) {
      try Files.makeDirectory(directory)
      let file = try OwnedDescriptor(
        opening: path, .writeOnly, options: [.create, .truncate, .noFollow], permissions: [.ownerReadWrite])
      try file.writeAll([0x0A])
      try Files.remove(path)
    } catch {
      throw CNIError(code: .ioFailure, message: "cannot write to \(directory)", details: "\(error)")
    }
  }

  private func value(_ path: String) throws(CNIError) -> JSONValue? {
    let bytes: [UInt8]
    do throws(Errno) { bytes = try Files.read(path, limit: Self.largest) } catch {
      guard error != .noSuchFileOrDirectory else { return nil }
      throw unreadable(path, error)
    }
    return try? JSONValue(parsing: bytes)
  }

  private func unreadable(_ path: String, _ error: Errno) -> CNIError {
    CNIError(code: .ioFailure, message: "\(path) cannot be read", details: "\(error)")
  }
}

/// A record that nobody else works on, as long as this lives.
package struct OpenRecord: ~Copyable {
  let key: RecordStore.Key
  /// Whether nobody else works on it; a plugin that hangs keeps it longer than it is waited for.
  let isFree: Bool
  private let lock: OwnedDescriptor

  init(key: RecordStore.Key, lock: consuming OwnedDescriptor, isFree: Bool = true) {
    self.key = key
    self.isFree = isFree
    self.lock = lock
  }
}
