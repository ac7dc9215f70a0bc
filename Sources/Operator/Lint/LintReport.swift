internal import IPAM
package import JSON
internal import Platform
internal import YAML

/// What is wrong with configurations and pool documents.
///
/// All documents of a call are judged together, in the order in which the plugin reads a directory: two of them may
/// contradict each other wherever they are.
package struct LintReport: Report {
  /// The findings, file by file in the order in which they are read.
  package private(set) var findings: [LintFinding] = []
  /// What may be as it should, if somebody sees to it.
  package private(set) var remarks: [String] = []
  private let files: [String]
  private var catalog = PoolCatalog()
  /// Where the objects and networks were written that must have names of their own.
  private var names: [DocumentCheck.Identity: String] = [:]
  /// The lines of pools that say, or should say, for which nodes they are.
  private var nodeLines: [NodePool.Source: [String: Int]] = [:]
  /// Where networks take addresses from, and whether for the only node.
  private var readers: [(directory: String, isSingleNode: Bool)] = []

  /// Looks at files, and at those of directories.
  package init(_ paths: [String]) {
    files = LintedFiles.all(paths)
    for file in files { read(file) }
    catalog.finish()
    findings += catalog.faults.map { LintFinding(file: $0.file, line: $0.line, problem: $0.problem) }
    judgeSharing()
    let places = Dictionary(files.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    findings.sort { left, right in
      (places[left.file] ?? 0, left.line ?? 0) < (places[right.file] ?? 0, right.line ?? 0)
    }
  }

  private mutating func read(_ file: String) {
    let bytes: [UInt8]
    do throws(Errno) { bytes = try Files.read(file) } catch {
      add(file, nil, "cannot be read: \(error)")
      return
    }
    let documents = YAMLText.documents(in: bytes)
    if let fault = Self.syntaxFault(file, bytes, documents) {
      add(file, fault.line, "\(fault.problem) at column \(fault.column)")
      return
    }
    for (index, document) in documents.enumerated() {
      switch document {
      case .failure(let error): add(file, error.line, error.problem)
      case .success(let document):
        let source = NodePool.Source(file: file, document: index + 1, line: document.line)
        for object in document.objects { check(object, of: document, source) }
      }
    }
  }

  /// Runtimes read CNI configurations as JSON and nothing else; its own reader has the better words, too. Pool
  /// documents in `*.json` are read as the plugin reads them.
  private static func syntaxFault(
    _ file: String, _ bytes: [UInt8], _ documents: [Result<YAMLDocument, YAMLError>]
  ) -> JSONSyntaxError? {
    guard !file.hasSuffix(".yaml"), !file.hasSuffix(".yml") else { return nil }
    let kinds = documents.compactMap { try? $0.get() }.map { $0.value.object?["kind"] }
    if file.hasSuffix(".json"), !kinds.isEmpty, !kinds.contains(nil) { return nil }
    do throws(JSONSyntaxError) {
      _ = try JSONValue(parsing: bytes)
      return nil
    } catch {
      return error
    }
  }

  private mutating func check(
    _ object: Result<KubernetesObject, JSONFieldError>, of document: YAMLDocument, _ source: NodePool.Source
  ) {
    do throws(JSONFieldError) {
      let object = try object.get()
      if catalog.take(object, of: document, at: source) {
        if let name = try? object.name() {
          nodeLines[source, default: [:]][name] = document.line(of: object.fields.path(of: "spec.nodeName"))
        }
        return
      }
      if let allocator = DocumentCheck.poolAllocator(object) {
        readers.append((allocator.poolDirectory, allocator.isSingleNode))
      }
      for error in DocumentCheck.errors(object) {
        add(source.file, document.line(of: error.path), error.description)
      }
      guard let identity = DocumentCheck.identity(object) else { return }
      if let place = names[identity] {
        add(
          source.file, document.line(of: identity.path),
          "key \"\(identity.path)\": \(identity) is at \(place) too, which is read first and counts")
      } else {
        names[identity] = "\(source)"
      }
    } catch {
      add(source.file, document.line(of: error.path), error.description)
    }
  }

  /// Pools that give nothing unless somebody divides them.
  ///
  /// That is wrong where a network of this call reads the directory, since no agent divides what people have written on a
  /// node. Documents that nobody reads from here may be on their way to an API server.
  private mutating func judgeSharing() {
    for pool in catalog.pools where !pool.isDisabled {
      guard let objection = pool.sharingObjection else { continue }
      let directory = LintedFiles.directory(of: pool.source.file)
      let readers = readers.filter { $0.directory == directory }
      let line = nodeLines[pool.source]?[pool.name] ?? pool.source.line
      let problem = "pool \(pool.name) gives no address by itself: \(objection)"
      guard readers.isEmpty else {
        if !readers.allSatisfy(\.isSingleNode) { add(pool.source.file, line, problem) }
        continue
      }
      remarks.append("\(LintFinding(file: pool.source.file, line: line, problem: problem))")
    }
  }

  private mutating func add(_ file: String, _ line: Int?, _ problem: String) {
    findings.append(LintFinding(file: file, line: line, problem: problem))
  }

  package func text(for screen: Screen) -> ScreenText {
    guard !findings.isEmpty else {
      return "nothing wrong in \(files.count) file\(files.count == 1 ? "" : "s")\n"
    }
    return .lines(findings.map(\.description))
  }

  package var json: JSONValue { .array(findings.map(\.json)) }
}
