internal import JSON
internal import Platform

/// libcni's cache of attachments: the ground truth of what the runtime believes to be attached.
package struct AttachmentCache: Sendable {
  /// The attachments of all plugins, by network, container and interface.
  package private(set) var attachments: [CachedAttachment] = []
  /// Files that cannot be read, each with the reason.
  package private(set) var faults: [String] = []

  /// Reads a directory; one that does not exist is an empty cache: some runtimes keep none.
  package init(directory: String) {
    let names: [String]
    do throws(Errno) { names = try Files.names(in: directory) } catch {
      if error != .noSuchFileOrDirectory { faults = ["\(directory) cannot be listed: \(error)"] }
      return
    }
    for name in names where !name.hasPrefix(".") { read("\(directory)/\(name)") }
  }

  private mutating func read(_ file: String) {
    do {
      let value = try JSONValue(parsing: try Files.read(file))
      attachments.append(try CachedAttachment(file: file, JSONFields(value.object ?? [:])))
    } catch {
      faults.append("\(file) is passed over: \(error)")
    }
  }
}
