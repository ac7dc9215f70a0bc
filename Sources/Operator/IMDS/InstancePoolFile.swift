internal import Addressing
internal import IPAM
internal import JSON
internal import Platform
internal import YAML

/// The file that pools of the instance replace, and what of it must not be lost: the service is consistent in the
/// end only, and its silence is no reason to take addresses away.
struct InstancePoolFile {
  private struct Entry {
    let pool: NodePool
    let object: JSONObject
    let line: Int
  }

  private let file: String
  private let pools: InstancePools
  private var entries: [Entry] = []

  /// Reads the file, which need not be there.
  /// - Throws: ``UserError`` for a file that cannot be read in whole, or has what this command does not write.
  init(_ file: String, pools: InstancePools) throws(UserError) {
    self.file = file
    self.pools = pools
    let bytes: [UInt8]
    do throws(Errno) { bytes = try Files.read(file) } catch {
      guard error == .noSuchFileOrDirectory else {
        throw UserError("\(file) stays as it is, since what it has cannot be read: \(error)")
      }
      return
    }
    for document in YAMLText.documents(in: bytes) {
      do {
        let document = try document.get()
        for object in document.objects { try take(try object.get(), document) }
      } catch let refusal as UserError {
        throw refusal
      } catch {
        throw UserError(
          "\(file) stays as it is, since what it has cannot be read: \(error); see: ipvlanctl lint \(file)")
      }
    }
  }

  private mutating func take(_ object: KubernetesObject, _ document: YAMLDocument) throws {
    let line = document.line(of: object.fields.path)
    var catalog = PoolCatalog()
    _ = catalog.take(object, of: document, at: NodePool.Source(file: file, document: 1, line: line))
    catalog.finish()
    if let fault = catalog.faults.first { throw fault }
    guard let pool = catalog.pools.first,
      pools.pools.contains(where: { $0.name == pool.name }) || isOurs(pool)
    else {
      let name = (try? object.name()).map { " \($0)" } ?? ""
      throw UserError(
        "\(file) stays as it is: it has \(object.kind ?? "an object")\(name) at line \(line), which is no pool of a NIC of "
          + "node \(pools.nodeName) and would be lost; name another file, or move that document to one of its own"
      )
    }
    entries.append(Entry(pool: pool, object: object.fields.object, line: line))
  }

  private func isOurs(_ pool: NodePool) -> Bool {
    pool.name.hasPrefix(InstancePool.name("", pool.family, on: pools.nodeName))
  }

  /// Adds to the new pools what pods hold of the old ones.
  ///
  /// - Returns: the old documents that stay, and what is to be told.
  /// - Throws: ``UserError`` when what is held fits into no pool.
  func keep(
    _ held: AddressSet, in new: inout [InstancePool]
  ) throws(UserError) -> (documents: [String], remarks: [String]) {
    var (documents, remarks): ([String], [String]) = ([], [])
    for entry in entries {
      let (name, held) = (entry.pool.name, entry.pool.addresses.intersection(held))
      if let index = new.firstIndex(where: { $0.name == name }) {
        let lost = held.subtracting(new[index].addresses)
        guard !lost.isEmpty else { continue }
        guard new[index].subnet == entry.pool.subnet else {
          throw UserError(
            "\(file) stays as it is: pods hold \(lost.text) of pool \(name) at line \(entry.line), and its NIC has "
              + "subnet \(new[index].subnet) now; see: ipvlanctl leases")
        }
        new[index].addresses = new[index].addresses.union(lost)
        remarks.append("\(lost.text) stays in pool \(name), since pods hold it; the service does not list it")
      } else if let link = undescribedLink(of: name, entry.pool.family) {
        documents.append(Self.text(entry.object))
        remarks.append("pool \(name) stays as it is: the service does not describe the NIC of \(link)")
      } else if held.isEmpty {
        remarks.append("pool \(name) is left out: its NIC is gone, or owns no addresses for pods")
      } else {
        documents.append(Self.text(entry.object, ips: held))
        remarks.append("pool \(name) stays with \(held.text), which pods hold; the service does not list it")
      }
    }
    return (documents, remarks)
  }

  /// The link that a pool is for, when it is there and the service says nothing of it.
  private func undescribedLink(of name: String, _ family: IPFamily) -> String? {
    pools.links.map(\.name).first { link in
      !pools.describedLinks.contains(link) && InstancePool.name(link, family, on: pools.nodeName) == name
    }
  }

  /// JSON is YAML, and says all that was there.
  private static func text(_ object: JSONObject, ips: AddressSet? = nil) -> String {
    var object = object
    if let ips, var spec = object["spec"]?.object {
      spec["ips"] = .list(ips.ranges.map(\.description))
      spec["excludeIPs"] = nil
      object["spec"] = .object(spec)
    }
    return String(decoding: JSONValue.object(object).serialized(indented: true), as: UTF8.self) + "\n"
  }
}

extension AddressSet {
  fileprivate var text: String { ranges.map(\.description).joined(separator: ", ") }
}
