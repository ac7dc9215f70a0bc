import ConformanceSupport
import JSON
import Testing

/// The log of operations.
@Suite struct LogTests {
  private func lines(_ path: String) throws -> [JSONObject] {
    try (ScratchFiles.read(path) ?? "").split(separator: "\n").map { line in
      try #require(try JSONValue(parsing: Array(line.utf8)).object)
    }
  }

  @Test func everyOperationIsALineWithItsPodAndTimes() throws {
    try withCleanNode { node in
      let file = "\(node.directory)/log/ipvlan.log"
      try ScratchFiles.write(file, "")
      var attachment = try node.attachment()
      attachment.configuration["logFile"] = .string(file)
      attachment.arguments = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-1"
      try attachment.add()
      try attachment.check()
      try attachment.delete()
      let lines = try lines(file)
      #expect(lines.map { $0["command"]?.string } == ["ADD", "CHECK", "DEL"])
      for line in lines {
        #expect(line["pod"] == "default/web-1")
        #expect(line["containerID"]?.string == attachment.pod.containerID)
        let steps = line["steps"]?.object?.members.map { $0.value.int ?? 0 } ?? []
        #expect(steps.count > 2)
        // Each step loses a part of a microsecond.
        let whole = line["microseconds"]?.int ?? 0
        #expect(whole > 0 && (whole - steps.count...whole).contains(steps.reduce(0, +)))
        #expect(line["code"] == nil)
      }
      try ScratchFiles.removeAll("\(node.directory)/log")
    }
  }

  @Test func aFailureIsLoggedWithItsCode() throws {
    try withCleanNode { node in
      let file = "\(node.directory)/log/ipvlan.log"
      try ScratchFiles.write(file, "")
      var attachment = try node.attachment(master: "ens7")
      attachment.configuration["logFile"] = .string(file)
      attachment.configuration["logLevel"] = "error"
      try attachment.mustFail(code: 100)
      try attachment.delete()
      let lines = try lines(file)
      #expect(lines.map { $0["code"]?.int } == [100])
      #expect(lines.first?["error"]?.string?.contains("ens7") == true)
      try ScratchFiles.removeAll("\(node.directory)/log")
    }
  }

  @Test(arguments: ["info", "debug"]) func debugAddsWhatTheKernelWasAskedFor(level: String) throws {
    try withCleanNode { node in
      let file = "\(node.directory)/log/ipvlan.log"
      try ScratchFiles.write(file, "")
      var attachment = try node.attachment()
      attachment.configuration["logFile"] = .string(file)
      attachment.configuration["logLevel"] = .string(level)
      try attachment.add()
      try attachment.delete()
      let kernel = try lines(file).map { $0["kernel"]?.array?.compactMap(\.string) }
      if level == "debug" {
        #expect(kernel.first??.contains { $0.contains("172.31.16.4") } == true, "\(kernel)")
        #expect(kernel.last??.contains { $0.contains("delete") && $0.contains("eth0") } == true, "\(kernel)")
      } else {
        #expect(kernel == [nil, nil])
      }
      try ScratchFiles.removeAll("\(node.directory)/log")
    }
  }

  @Test func aLogThatCannotBeWrittenFailsNothing() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.configuration["logFile"] = "/proc/nowhere/ipvlan.log"
      try attachment.add()
      try attachment.delete()
    }
  }
}
