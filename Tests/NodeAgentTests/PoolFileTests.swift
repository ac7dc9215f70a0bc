import ClusterObjects
import ClusterTestSupport
import Foundation
import IPAM
import KubernetesClient
import Testing

@testable import NodeAgent

/// What the agent writes, read by the plugin's own reader.
@Suite struct PoolFileTests {
  @Test("the plugin reads what the agent has written")
  func read() async throws {
    try await withDirectory { directory in
      let file = PoolFile(directory: "\(directory)/ippool.d")
      let objects = [
        pool("mine", ips: ["10.0.0.1-10.0.0.6"], ["gateway": "10.0.0.254", "excludeIPs": ["10.0.0.2"]]),
        pool("young", ips: ["10.0.0.6-10.0.0.8"], age: 1, ["excludeIPs": ["10.0.0.8"]]),
        pool("shared", ips: ["10.0.0.9"], nodes: []),
        pool("off", ips: ["10.0.0.10"], ["disable": true]),
        pool("going", ips: ["10.0.0.11"], isTerminating: true),
        pool("other", ips: ["10.0.0.12"], nodes: ["n2"]),
      ]
      #expect(try file.write(content(objects, [reserved("r", ips: ["10.0.0.3"])])))
      let catalog = PoolCatalog(directory: file.directory)
      #expect(catalog.faults.isEmpty, "\(catalog.faults)")
      let pools = catalog.pools.map {
        "\($0.name) \($0.addresses.ranges.map(\.description)) \($0.isDisabled)"
      }
      #expect(
        pools.sorted() == [
          #"going ["10.0.0.11"] true"#, #"mine ["10.0.0.1", "10.0.0.4-10.0.0.6"] false"#,
          #"off ["10.0.0.10"] true"#, #"shared ["10.0.0.9"] false"#, #"young ["10.0.0.7"] false"#,
        ])
      #expect(catalog.pool(named: "going")?.withheld == "it is being deleted")
      #expect(catalog.pool(named: "off")?.withheld == nil)
      #expect(catalog.pool(named: "mine")?.gateway?.description == "10.0.0.254")
      // kubectl and people may read it, nobody but root write.
      let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
      #expect(mode == 0o644)
    }
  }

  @Test("a file that says the same is not written again, one that somebody has changed is")
  func unchanged() async throws {
    try await withDirectory { directory in
      let file = PoolFile(directory: directory)
      let objects = [pool("a", ips: ["10.0.0.1"])]
      #expect(try file.write(content(objects)))
      #expect(try !file.write(content(objects)))
      // A new status or version alone says nothing to the plugin.
      var touched = objects[0]
      touched["status"] = ["totalIPCount": 9]
      touched.metadata.resourceVersion = "77"
      #expect(try !file.write(content([touched])))
      try "{}".write(toFile: file.path, atomically: true, encoding: .utf8)
      #expect(try file.write(content(objects)))
      try FileManager.default.removeItem(atPath: file.path)
      #expect(try file.write(content(objects)))
      #expect(try file.write(content([])))
      #expect(PoolCatalog(directory: directory).pools.isEmpty)
    }
  }

  @Test("what a killed agent left half written is in nobody's way")
  func leftOver() async throws {
    try await withDirectory { directory in
      let file = PoolFile(directory: directory)
      try "{ half".write(toFile: "\(directory)/.zz-kubernetes.json.new", atomically: false, encoding: .utf8)
      #expect(PoolCatalog(directory: directory).faults.isEmpty)
      #expect(try file.write(content([pool("a", ips: ["10.0.0.1"])])))
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["zz-kubernetes.json"])
    }
  }

  @Test("more than the plugin reads is not written, and the file stays as it was")
  func tooLarge() async throws {
    try await withDirectory { directory in
      var file = PoolFile(directory: directory)
      _ = try file.write(content([pool("a", ips: ["10.0.0.1"])]))
      file.largest = 2000
      let many = (1...200).map { "10.0.0.\($0)" }
      #expect(throws: ObjectFault.self) { try file.write(content([pool("b", ips: many)])) }
      #expect(PoolCatalog(directory: directory).pools.map(\.name) == ["a"])
    }
  }

  @Test("a directory that cannot be written to is told with its name")
  func unwritable() async throws {
    try await withDirectory { directory in
      try "".write(toFile: "\(directory)/file", atomically: true, encoding: .utf8)
      let error = #expect(throws: ObjectFault.self) {
        try PoolFile(directory: "\(directory)/file").write(content([]))
      }
      #expect(error?.problem.contains("\(directory)/file/zz-kubernetes.json") ?? false)
    }
  }

  @Test("the next run begins with the pools of the file, and decides anew what is withheld")
  func nextRun() async throws {
    try await withDirectory { directory in
      let file = PoolFile(directory: directory)
      let objects = [
        pool("a", ips: ["10.0.0.1"], generation: 7), pool("b", ips: ["10.0.0.2"], nodes: []),
        pool("c", ips: ["10.0.0.3"], ["disable": true]),
      ]
      _ = try file.write(content(objects))
      let pools = file.pools()
      #expect(pools.map(\.name) == ["a", "b", "c"])
      let first = try PoolObject(objects[0])
      #expect(pools.first?.identity == first.identity)
      #expect(pools.map(\.pool.isDisabled) == [false, false, true])
    }
  }

  @Test("that pods are followed is written with the pools, and stays while nobody can tell")
  func podFiles() async throws {
    try await withDirectory { directory in
      let file = PoolFile(directory: directory)
      var new = try content([pool("a", ips: ["10.0.0.1"])])
      let hasPodFiles = { PoolCatalog(directory: directory).hasPodFiles }
      #expect(try file.write(new) && !hasPodFiles())
      new.followsPods = true
      #expect(try file.write(new) && hasPodFiles())
      #expect(try !file.write(new))
      new.followsPods = nil
      #expect(try !file.write(new))
      new.server = "other"
      new.resolution = try resolved([])
      #expect(try file.write(new) && hasPodFiles())
      new.followsPods = false
      #expect(try file.write(new) && !hasPodFiles())
    }
  }

  @Test("labels of the node are decided about here: the plugin does not know them")
  func nodeAffinity() async throws {
    try await withDirectory { directory in
      let file = PoolFile(directory: directory)
      let object = pool(
        "a", ips: ["10.0.0.1"], nodes: [], ["nodeAffinity": ["matchLabels": ["zone": "b"]]])
      var known = try content([])
      known.resolution = try resolved([object], labels: ["zone": "b"])
      _ = try file.write(known)
      let pool = try #require(PoolCatalog(directory: directory).pools.first)
      #expect(pool.nodeAffinity == nil && pool.nodeNames.isEmpty)
      // It is still one that several nodes share, in the next run too.
      #expect(pool.isShared)
      #expect(file.pools().first?.pool.nodeNames == [])
      // As long as nobody knows the labels, it says what it is for.
      known.resolution = try resolved([object], labels: nil)
      _ = try file.write(known)
      #expect(PoolCatalog(directory: directory).pools.first?.nodeAffinity != nil)
    }
  }

  private func content(
    _ objects: [UnstructuredObject], _ reserved: [UnstructuredObject] = []
  ) throws -> PoolFile.Content {
    PoolFile.Content(server: "test", agent: "0", resolution: try resolved(objects), reserved: reserved)
  }
}
