import Foundation
import JSON
import Platform
import Testing

@testable import Operator

/// What the tool tells of the labels that pools ask for.
@Suite struct PodKnowledgeTests {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "knowledge-\(UUID())").path()

  private func network(hasPodFiles: Bool) throws -> Network {
    try Files.makeDirectory("\(directory)/run/pods")
    try Files.replace(
      "\(directory)/zz-kubernetes.json",
      with: Array(
        """
        {"apiVersion": "v1", "kind": "List", "metadata": {"followsPods": \(hasPodFiles)}, "items": [
          {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "a"},
           "spec": {"subnet": "10.0.0.0/24", "ips": ["10.0.0.1"], "default": true,
                    "podAffinity": {"matchLabels": {"app": "web"}}}}]}
        """.utf8))
    return try Network(
      JSONFields([
        "name": .string("n"), "type": .string("ipvlan"),
        "ipam": .object([
          "type": .string("ippool"), "singleNode": .bool(true), "poolDir": .string(directory),
          "dataDir": .string("\(directory)/data"),
          "runDir": .string("\(directory)/run"),
        ]),
      ]), source: "n.conf")
  }

  private func write(_ uid: String, labels: String) throws {
    try Files.replace(
      "\(directory)/run/pods/\(uid).json",
      with: Array(
        #"{"namespace": "ns", "name": "p", "labels": \#(labels), "annotations": {}, "namespaceLabels": {"t": "u"}}"#
          .utf8))
  }

  private func explain(hasPodFiles: Bool = true) throws -> (report: ExplainReport, text: String) {
    let report = try ExplainReport(
      network(hasPodFiles: hasPodFiles), pod: "ns/p", ifname: "eth0", annotations: [:])
    return (report, report.text(for: Screen(width: 200, hasColors: false)).rendered)
  }

  @Test func theLabelsOfTheFileAreShownAndDecide() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    _ = try network(hasPodFiles: true)
    try write("u-1", labels: #"{"app": "web"}"#)
    let (report, text) = try explain()
    #expect(report.isServed && report.remarks.isEmpty)
    #expect(text.contains("pod: app=web\n  namespace: t=u\n"))
    #expect(text.contains("as of \(directory)/run/pods/u-1.json"))
    try write("u-1", labels: #"{"app": "\u001b[31m"}"#)
    let other = try explain()
    #expect(!other.report.isServed && other.text.contains("podAffinity asks for app in (web)"))
    #expect(!other.text.contains("\u{1B}"))
  }

  @Test func ofPodsOfOneNameTheLastOneCounts() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    _ = try network(hasPodFiles: true)
    try write("b", labels: #"{"app": "old"}"#)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1000)], ofItemAtPath: "\(directory)/run/pods/b.json")
    try write("a", labels: #"{"app": "web"}"#)
    #expect(try explain().report.isServed)
  }

  @Test func aMissingFileIsTold() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let (report, _) = try explain()
    #expect(!report.isServed)
    #expect(report.remarks.contains { $0.contains("\(directory)/run/pods has no file of pod ns/p") })
    let without = try explain(hasPodFiles: false).report
    #expect(without.remarks.contains { $0.contains("no ipvlan-agent brings labels") })
  }

  @Test func poolsThatAskForLabelsInVainAreAFinding() throws {
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let findings = { (hasPodFiles: Bool, isRunning: Bool) in
      let survey = try #require(try network(hasPodFiles: hasPodFiles).poolAllocator?.survey())
      return AgentCheck.findings(survey, isRunning: isRunning, "n")
    }
    #expect(try findings(true, true).isEmpty)
    for (hasPodFiles, isRunning) in [(true, false), (false, true), (false, false)] {
      let found = try findings(hasPodFiles, isRunning)
      #expect(found.map(\.kind) == [.podLabelsUnknown])
      #expect(found.first?.problem.contains("pool a asks for labels") ?? false)
    }
    #expect(try findings(true, false).first?.consequence.contains("code 11") ?? false)
  }
}
