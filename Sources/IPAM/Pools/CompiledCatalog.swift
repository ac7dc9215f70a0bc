internal import Addressing
internal import Platform

/// What a node needs of its pool documents, as a file in the data directory that is read in a moment.
///
/// Reading the documents takes most of an ADD's time: it costs as much for the pools of all other nodes as for this one's.
/// The file has the pools that can serve this node, as ``PoolCatalog`` made them, behind a head that says from what: the
/// program, the node, and each file's name, number, size and times. It counts only where the head is what the reader would
/// write now, to the last byte. So one of another version, of another node's name or of older documents is passed over. A
/// sum over all of it finds one that is being written, or of which a kill or a power failure has left a part. It is never
/// needed: who finds none reads the documents and leaves a new one.
struct CompiledCatalog {
  /// Changes with the form of the file.
  private static let magic: UInt64 = 0x3154_4143_4C56_5049

  let path: String
  /// What the file must begin with.
  private let head: [UInt8]
  private let nodeName: String
  private let directory: String
  private let sources: PoolSources

  /// - Returns: `nil` where the directory of pools or the program cannot be looked at.
  init?(of directory: String, in dataDirectory: String, nodeName: String) {
    guard let sources = try? PoolSources(directory: directory),
      let program = try? FileStatus(of: "/proc/self/exe")
    else { return nil }
    var head = CatalogWriter()
    head.number(Self.magic)
    head.status(program)
    head.text(directory)
    head.text(nodeName)
    head.list(sources.files) { file, head in
      head.text(file.name)
      head.status(file.status)
    }
    (self.head, self.directory, self.nodeName, self.sources) = (head.bytes, directory, nodeName, sources)
    let key = String(StableHash.fnv1a("\(directory)\n\(nodeName)"), radix: 16)
    path = "\(dataDirectory)/catalog-\(key)"
  }

  /// The pools that can serve this node; `nil` when the file is not of these documents.
  func read() -> PoolCatalog? {
    guard let file = try? OwnedDescriptor(opening: path, .readOnly, options: [.noFollow, .nonBlocking]),
      let bytes = try? file.readAll(limit: 16 << 20), bytes.count > head.count,
      bytes[..<head.count] == head[...]
    else { return nil }
    var reader = CatalogReader(bytes[head.count...])
    do throws(CatalogReader.Malformed) {
      let sum = try reader.number()
      guard Self.sum(head, reader.rest) == sum else { return nil }
      let catalog = PoolCatalog(
        pools: try reader.list { reader throws(CatalogReader.Malformed) in try reader.pool() },
        faults: try reader.list { reader throws(CatalogReader.Malformed) in try reader.fault() },
        hasPodFiles: try reader.flag())
      return reader.rest.isEmpty ? catalog : nil
    } catch {
      return nil
    }
  }

  /// Leaves the file for those who come later, where it can be relied on; what keeps it from being written keeps nobody
  /// from an address.
  func write(_ catalog: PoolCatalog, at now: FileStatus.Time = .now()) {
    guard catalog.hasReadAll, sources.areSettled(at: now),
      (try? PoolSources(directory: directory)) == sources
    else { return }
    let query = PoolQuery(nodeName: nodeName, network: "")
    var body = CatalogWriter()
    body.list(catalog.pools.filter { !$0.isDisabled && query.nodeObjection(to: $0) == nil }) { $1.pool($0) }
    body.list(catalog.faults) { $1.fault($0) }
    body.flag(catalog.hasPodFiles)
    var sum = CatalogWriter()
    sum.number(Self.sum(head, body.bytes[...]))
    do throws(Errno) {
      let file = try OwnedDescriptor(
        opening: path, .readWrite, options: [.create, .noFollow], permissions: [.ownerReadWrite])
      // Whoever writes already writes the same.
      guard try file.tryLock(.exclusive) else { return }
      try file.replaceContent(with: head + sum.bytes + body.bytes)
    } catch {}
  }

  private static func sum(_ head: [UInt8], _ body: ArraySlice<UInt8>) -> UInt64 {
    StableHash.fnv1a(head) ^ StableHash.fnv1a(body)
  }
}
