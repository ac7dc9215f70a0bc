internal import IPPool
package import JSON
internal import Platform
internal import SystemPackage
internal import YAML

/// What is wrong with configurations and pool documents.
package struct LintReport: Report {
  /// The findings, file by file in the order given.
  package private(set) var findings: [LintFinding] = []
  package private(set) var remarks: [String] = []
  private let count: Int

  /// Looks at files, and at those of directories.
  package init(_ paths: [String]) {
    var files: [String] = []
    for path in paths {
      if let names = try? Files.names(in: path) {
        files += names.filter { name in Self.suffixes.contains(where: name.hasSuffix) }.map {
          "\(path)/\($0)"
        }
      } else {
        files.append(path)
      }
    }
    count = files.count
    for file in files { read(file) }
  }

  private static let suffixes = [".conflist", ".conf", ".json", ".yaml", ".yml"]

  private mutating func read(_ file: String) {
    let bytes: [UInt8]
    do throws(Errno) { bytes = try Files.read(file) } catch {
      findings.append(LintFinding(file: file, line: nil, problem: "cannot be read: \(error)"))
      return
    }
    // JSON is a part of YAML, but its own reader has the better words.
    let isJSON = !file.hasSuffix(".yaml") && !file.hasSuffix(".yml")
    if isJSON {
      do throws(JSONSyntaxError) { _ = try JSONValue(parsing: bytes) } catch {
        let problem = "\(error.problem) at column \(error.column)"
        findings.append(LintFinding(file: file, line: error.line, problem: problem))
        return
      }
    }
    var hasPools = false
    for document in YAMLText.documents(in: bytes) {
      switch document {
      case .failure(let error):
        findings.append(LintFinding(file: file, line: error.line, problem: error.problem))
      case .success(let document):
        if Self.isPoolDocument(document) { hasPools = true } else { check(document, in: file) }
      }
    }
    // Pools are judged together, since two documents may contradict each other.
    guard hasPools else { return }
    for fault in PoolCatalog(file: file).faults where Self.isAboutPools(fault, bytes) {
      findings.append(LintFinding(file: file, line: fault.line, problem: fault.problem))
    }
  }

  private static func isPoolDocument(_ document: YAMLDocument) -> Bool {
    let kind = document.value.object?["kind"]?.string ?? ""
    return ["SpiderIPPool", "SpiderReservedIP"].contains(kind) || kind.hasSuffix("List")
  }

  /// The catalog refuses the other kinds, which a file may hold as well.
  private static func isAboutPools(_ fault: PoolFault, _ bytes: [UInt8]) -> Bool {
    let documents = YAMLText.documents(in: bytes)
    guard let position = fault.document, documents.indices.contains(position - 1),
      case .success(let document) = documents[position - 1]
    else { return false }
    return isPoolDocument(document)
  }

  private mutating func check(_ document: YAMLDocument, in file: String) {
    for error in DocumentCheck.errors(document.value) {
      findings.append(
        LintFinding(file: file, line: document.line(of: error.path), problem: error.description))
    }
  }

  package func text(for screen: Screen) -> ScreenText {
    guard !findings.isEmpty else { return "nothing wrong in \(count) file\(count == 1 ? "" : "s")\n" }
    return .lines(findings.map(\.description))
  }

  package var json: JSONValue { .array(findings.map(\.json)) }
}
