package import IPAM
package import JSON
internal import Platform

/// A network configuration: one plugin, or a chain of them.
package struct Network: Sendable {
  /// `name`.
  package let name: String
  /// Where it was found: a file of the configuration directory, or libcni's cache.
  package let source: String
  /// The configuration of each plugin of the chain.
  package let plugins: [JSONFields]

  /// Reads a document.
  /// - Throws: ``JSONFieldError`` for one without name or plugins.
  package init(_ document: JSONFields, source: String) throws(JSONFieldError) {
    self.source = source
    name = try document.required("name", document.string("name"))
    if let plugins = try document.objects("plugins") {
      guard !plugins.isEmpty else { throw document.error("plugins", "must not be empty") }
      self.plugins = plugins
    } else {
      _ = try document.required("type", document.string("type"))
      plugins = [document]
    }
  }

  /// The part for this plugin; `nil` when the chain does without it.
  package var ipvlan: JSONFields? { plugins.first { $0.value("type")?.string == "ipvlan" } }

  /// The plugin of the chain that has addresses given, and its `ipam`.
  private var ipam: JSONFields? {
    plugins.lazy.compactMap { try? $0.fields("ipam") }.first { !$0.object.members.isEmpty }
  }

  /// The type of `ipam`; `nil` where another plugin serves it.
  private var allocatorType: AllocatorType? {
    ipam?.value("type")?.string.flatMap(AllocatorType.init(rawValue:))
  }

  /// Where the leases of its `ippool` are; `nil` for another type.
  /// - Throws: ``JSONFieldError`` when that cannot be told.
  func poolStore() throws(JSONFieldError) -> IPPoolAllocator? {
    guard let ipam, allocatorType == .ippool else { return nil }
    return try IPPoolAllocator(ofLeases: ipam, network: name)
  }

  /// Where the leases of its `host-local` are; `nil` for another type.
  /// - Throws: ``JSONFieldError`` when that cannot be told.
  func hostLocalStore() throws(JSONFieldError) -> HostLocalAllocator? {
    guard let ipam, allocatorType == .hostLocal else { return nil }
    return try HostLocalAllocator(ofLeases: ipam, network: name)
  }

  /// The pools that its `ipam` means; `nil` for another type, or one that cannot be read.
  package var poolAllocator: IPPoolAllocator? {
    guard let ipam, allocatorType == .ippool else { return nil }
    return try? IPPoolAllocator(ipam, network: name, environment: .current())
  }

  /// The leases of its `host-local`; `nil` for another type, or one that cannot be read.
  package var hostLocalAllocator: HostLocalAllocator? {
    guard let ipam, allocatorType == .hostLocal else { return nil }
    return try? HostLocalAllocator(ipam, network: name)
  }

  /// The addresses of its `static`; `nil` for another type, or one that cannot be read.
  package var staticAllocator: StaticAllocator? {
    guard let ipam, allocatorType == .static else { return nil }
    return try? StaticAllocator(ipam)
  }
}
