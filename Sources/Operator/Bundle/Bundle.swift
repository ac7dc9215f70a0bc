internal import JSON
internal import Platform
internal import SystemPackage

/// All that a bug report needs, in one archive.
package struct Bundle {
  /// The end of a log is what counts, in bytes.
  private static let logTail = 1 << 20
  /// More files of a directory than this are not taken.
  private static let mostFiles = 200

  private var archive = TarArchive()
  private let now = WallClock.now().seconds
  /// What could not be taken.
  package private(set) var remarks: [String] = []

  /// Collects.
  /// - Throws: ``Refusal`` when not even the node's links can be listed.
  package init(_ sources: NodeSources) throws(Refusal) {
    let examination = try Examination(sources)
    let book = examination.leases
    add("links", LinksReport(examination.inventory))
    add("leases", LeasesReport(book, onlyOrphans: false))
    add("pools", PoolsReport(examination.directory))
    add("doctor", DoctorReport(examination))
    for file in ["/proc/version", "/proc/sys/kernel/osrelease", "/proc/sys/kernel/random/boot_id"] {
      take(file, as: "kernel/\(file.split(separator: "/").last ?? "")")
    }
    takeAll(sources.configurations, as: "net.d")
    let pools = Set(examination.directory.networks.compactMap { $0.poolAllocator?.poolDirectory })
    for (number, directory) in pools.sorted().enumerated() { takeAll(directory, as: "pools\(number)") }
    for entry in examination.inventory.cache.attachments.prefix(Self.mostFiles) { add(entry) }
    let logs = Set(examination.directory.ipvlanNetworks.compactMap { $0.ipvlan?.object["logFile"]?.string })
    for (number, file) in logs.sorted().enumerated() {
      take(file, as: "log\(number).jsonl", tail: Self.logTail)
    }
  }

  /// Compresses with the system's gzip, and writes.
  /// - Throws: ``Refusal`` when that fails.
  package func write(to file: String) throws(Refusal) {
    guard let gzip = ["/usr/bin/gzip", "/bin/gzip"].first(where: Files.isRegularFile) else {
      throw Refusal("gzip is not installed; run: apt-get install gzip")
    }
    do throws(Errno) {
      let outcome = try Subprocess(
        executable: gzip, environment: Environment([:]), input: archive.finished, timeLimit: 30,
        maximumOutput: 64 << 20
      ).run()
      guard outcome.end == .exited(0) else { throw .ioError }
      try Files.replace(file, with: outcome.output)
    } catch {
      throw Refusal("\(file) cannot be written: \(error)")
    }
  }

  private mutating func add(_ name: String, _ report: some Report) {
    archive.add("ipvlan/\(name).txt", Array(report.text(for: .plain).utf8), modified: now)
    archive.add("ipvlan/\(name).json", report.json.serialized(indented: true), modified: now)
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
      "ipvlan/cache/\(entry.id.shortContainerID)-\(entry.id.ifname).json",
      JSONValue.object(object).serialized(indented: true), modified: now)
  }

  private mutating func takeAll(_ directory: String, as name: String) {
    for file in ((try? Files.names(in: directory)) ?? []).prefix(Self.mostFiles) {
      take("\(directory)/\(file)", as: "\(name)/\(file)")
    }
  }

  private mutating func take(_ file: String, as name: String, tail: Int = 1 << 20) {
    do throws(Errno) {
      let content = try Files.read(file, limit: 64 << 20)
      // What is JSON may hold secrets. So may a configuration that does not parse, where they cannot be found;
      // doctor tells its fault. Kubeconfigs and keys that lie beside it are none of ours.
      if let value = try? JSONValue(parsing: content) {
        archive.add(
          "ipvlan/\(name)", Redaction.redacted(value).serialized(indented: true), modified: now)
      } else if Self.isTaken(name) {
        archive.add("ipvlan/\(name)", Array(content.suffix(tail)), modified: now)
      } else {
        remarks.append("\(file) is left out, since it may hold secrets")
      }
    } catch {
      remarks.append("\(file) is left out: \(error)")
    }
  }

  private static func isTaken(_ name: String) -> Bool {
    name.hasPrefix("kernel/") || name.hasPrefix("pools") || name.hasSuffix(".jsonl")
  }
}
