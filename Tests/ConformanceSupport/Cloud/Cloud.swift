internal import Glibc
public import JSON
internal import Platform
internal import Synchronization

/// The guide's cluster: two nodes on a cloud's fabric, and pods that the plugin attaches.
public final class Cloud: Sendable {
  /// What is around the nodes.
  public let fabric: CloudFabric
  /// The plugin's mode.
  public let mode: String
  /// The plugin's flag.
  public let flag: String
  /// Whether pods get host access.
  public let hostAccess: Bool
  /// A directory for logs.
  let directory: String
  private let identifier: String
  private let namespaces = Mutex<[String: Namespace]>([:])

  private static let count = Atomic<Int>(0)

  /// Builds nodes and fabric, without pods.
  public init(mode: String = "l3s", flag: String = "bridge", hostAccess: Bool = true) throws {
    try Kernel.mustHaveIPVLAN()
    identifier = "c\(getpid())-\(Self.count.add(1, ordering: .relaxed).newValue)"
    self.mode = mode
    self.flag = flag
    self.hostAccess = hostAccess
    directory = "/tmp/conformance/\(identifier)"
    try Files.makeDirectory(directory)
    fabric = try CloudFabric(identifier)
  }

  /// Takes everything away.
  public func destroy() {
    for namespace in namespaces.withLock({ Array($0.values) }) { namespace.destroy() }
    fabric.destroy()
  }

  /// A node's namespace.
  public func node(_ name: String) throws -> Namespace {
    guard let node = fabric.nodes[name] else { throw SupportError("there is no node \(name)") }
    return node
  }

  /// The namespace of a pod, made when it is first asked for.
  public func pod(_ name: String) throws -> Namespace {
    try namespaces.withLock { namespaces in
      if let namespace = namespaces[name] { return namespace }
      let namespace = try Namespace("pod \(name)", .named("\(identifier)-\(name)"))
      try namespace.batch("link set lo up\n")
      namespaces[name] = namespace
      return namespace
    }
  }

  /// Calls the plugin on the NIC's node for an attachment with the NIC's secondary address of that number.
  @discardableResult
  public func call(
    _ command: Plugin.Command, _ attachment: CloudAttachment, expectsSuccess: Bool = true,
    changing change: (inout JSONObject) -> Void = { _ in }
  ) throws -> Completion {
    var configuration = document(attachment)
    change(&configuration)
    var environment = Program.environment
    environment["CNI_COMMAND"] = command.rawValue
    environment["CNI_CONTAINERID"] = "\(identifier)-\(attachment.pod)"
    environment["CNI_NETNS"] = try pod(attachment.pod).path
    environment["CNI_IFNAME"] = attachment.ifname
    environment["CNI_PATH"] = Plugin.directory
    let completion = try Program(
      "\(Plugin.directory)/ipvlan", environment: environment,
      input: JSONValue.object(configuration).serialized(), seconds: 2 * patience
    ).run(in: node(attachment.nic.node))
    guard completion.isSuccess || !expectsSuccess else {
      throw SupportError("\(command.rawValue) of \(attachment.pod) failed: \(completion)")
    }
    return completion
  }

  /// Calls the plugin for several attachments at the same time; all of them must succeed.
  public func callAtOnce(_ command: Plugin.Command, _ attachments: [CloudAttachment]) throws {
    let results = Results()
    for attachment in attachments {
      try startOnThread { results.append(Result { try self.call(command, attachment) }) }
    }
    // Each call is bounded.
    while results.count < attachments.count { usleep(20_000) }
    try results.mustAllSucceed()
  }

  private func document(_ attachment: CloudAttachment) -> JSONObject {
    let nic = attachment.nic
    let addresses = attachment.addresses
    let ipam = Configuration.staticIPAM(
      "\(addresses.v4)/\(nic.prefixLength) via \(nic.gateway.v4)", "\(addresses.v6)/64 via \(nic.gateway.v6)")
    var document = Configuration.ipvlan(
      master: nic.name, mode: mode, flag: flag, name: "ipvlan-\(nic.name)", ipam: ipam)
    document["hostAccess"] = .bool(hostAccess)
    document["logFile"] = .string("\(directory)/\(nic.node).log")
    return document
  }

  /// The links, addresses, routes, rules, settings and firewall of a node, for comparison.
  public func state(of node: String) throws -> Snapshot { try Snapshot(of: self.node(node)) }

  /// Throws, with the differences, unless a node is as it was.
  public func mustEqual(_ before: Snapshot, on node: String) throws {
    let difference = try before.difference(from: state(of: node))
    guard difference.isEmpty else { throw SupportError("\(node) is not as it was:\n\(difference)") }
  }
}

/// What calls that ran at once came to.
private final class Results: Sendable {
  private let results = Mutex<[Result<Completion, any Error>]>([])

  var count: Int { results.withLock { $0.count } }

  func append(_ result: Result<Completion, any Error>) { results.withLock { $0.append(result) } }

  func mustAllSucceed() throws { for result in results.withLock({ $0 }) { _ = try result.get() } }
}

extension Completion {
  /// The document on stdout.
  public var document: JSONValue? { try? JSONValue(parsing: output) }
}

/// A pod's interface on a NIC.
public struct CloudAttachment: Sendable, Hashable {
  /// The pod.
  public let pod: String
  /// The interface's name in the pod.
  public let ifname: String
  /// The NIC.
  public let nic: CloudSite.NIC
  /// Which of the NIC's secondary addresses it has.
  public let index: Int

  /// Describes an attachment.
  public init(_ pod: String, ifname: String = "eth0", on node: String, _ nic: String, _ index: Int) throws {
    self.pod = pod
    self.ifname = ifname
    self.nic = try CloudSite.nic(node, nic)
    self.index = index
  }

  /// The pod's addresses on it.
  public var addresses: CloudSite.Addresses { nic.secondary[index] }
}
