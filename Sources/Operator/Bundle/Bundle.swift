internal import JSON
internal import Platform

/// All that a bug report needs, in one archive: bounded in size and time, and without secrets.
package struct Bundle {
  /// More files of a directory than this are not taken.
  private static let mostFiles = 200

  private var archive = BoundedArchive(folder: "ipvlan")
  /// What could not be taken.
  package private(set) var remarks: [String] = []

  /// Collects.
  /// - Throws: ``UserError`` when not even the node's links can be listed.
  package init(_ sources: NodeSources) throws(UserError) {
    let state = try NodeState(sources)
    add("links", LinksReport(state.inventory))
    add("leases", LeasesReport(state.leases, onlyOrphans: false))
    add("pools", PoolsReport(state.directory))
    add("doctor", DoctorReport(state))
    for file in ["/proc/version", "/proc/sys/kernel/osrelease", "/proc/sys/kernel/random/boot_id"] {
      take(file, as: "kernel/\(Self.name(of: file))") { .text($0) }
    }
    takeAll(sources.configurations, as: "net.d") { BundledFile.configuration($0) }
    let pools = Set(state.directory.networks.compactMap { $0.poolAllocator?.poolDirectory })
    for (number, directory) in pools.sorted().enumerated() {
      takeAll(directory, as: "pools\(number)") { BundledFile.pools($0) }
    }
    let attachments = state.inventory.cache.attachments
    for entry in attachments.prefix(Self.mostFiles) { add(entry) }
    remarkRest(attachments.count, "cached attachments")
    for (number, file) in state.directory.logFiles.enumerated() {
      take(file, as: "log\(number).jsonl", isTail: true) { BundledFile.log($0) }
    }
    remarks += archive.remarks
  }

  /// Compresses with the system's gzip, and writes.
  /// - Throws: ``UserError`` when that fails.
  package func write(to file: String) throws(UserError) {
    guard let gzip = ["/usr/bin/gzip", "/bin/gzip"].first(where: Files.isRegularFile) else {
      throw UserError("gzip is not installed; run: apt-get install gzip")
    }
    do throws(Errno) {
      let outcome = try Subprocess(
        executable: gzip, environment: Environment([:]), input: archive.finished, timeLimit: 10,
        maximumOutput: 2 * BoundedArchive.mostBytes
      ).run()
      guard outcome.end == .exited(0) else { throw .ioError }
      try Files.replace(file, with: outcome.output)
    } catch {
      throw UserError("\(file) cannot be written: \(error)")
    }
  }

  private mutating func add(_ name: String, _ report: some Report) {
    archive.add("\(name).txt", Array(report.text(for: .plain).rendered.utf8))
    archive.add("\(name).json", report.json.serialized(indented: true))
    for remark in report.remarks where !remarks.contains(remark) { remarks.append(remark) }
  }

  /// The cached configuration is decoded, so that it can be read, and its secrets be found.
  private mutating func add(_ entry: CachedAttachment) {
    var object: JSONObject = [
      "network": .string(entry.id.network), "containerID": .string(entry.id.containerID),
      "ifname": .string(entry.id.ifname), "addresses": .list(entry.addresses),
    ]
    object["netns"] = entry.netns.map(JSONValue.string)
    object["pod"] = entry.pod.map(JSONValue.string)
    object["configuration"] = entry.configuration.map { Redaction.redacted(.object($0)) }
    archive.add(
      "cache/\(entry.id.shortContainerID)-\(entry.id.ifname).json",
      JSONValue.object(object).serialized(indented: true))
  }

  private mutating func takeAll(
    _ directory: String, as name: String, _ read: ([UInt8]) -> BundledFile
  ) {
    let names = (try? Files.names(in: directory)) ?? []
    for file in names.prefix(Self.mostFiles) { take("\(directory)/\(file)", as: "\(name)/\(file)", read) }
    remarkRest(names.count, "files of \(directory)")
  }

  private mutating func remarkRest(_ count: Int, _ what: String) {
    guard count > Self.mostFiles else { return }
    remarks.append("\(count - Self.mostFiles) of \(count) \(what) are left out")
  }

  private mutating func take(
    _ file: String, as name: String, isTail: Bool = false, _ read: ([UInt8]) -> BundledFile
  ) {
    if let obstacle = archive.obstacle { return remarks.append("\(file) is left out: \(obstacle)") }
    do throws(Errno) {
      let largest = BoundedArchive.largestFile
      let content = try isTail ? Files.readTail(file, limit: largest) : Files.read(file, limit: largest)
      switch read(content) {
      case .text(let text): archive.add(name, text)
      case .unsafe(let reason): remarks.append("\(file) is left out: \(reason)")
      }
    } catch {
      remarks.append("\(file) is left out: \(error)")
    }
  }

  private static func name(of file: String) -> String {
    file.split(separator: "/").last.map(String.init) ?? file
  }
}
