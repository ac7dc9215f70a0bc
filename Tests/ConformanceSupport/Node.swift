internal import Glibc
internal import Platform
internal import Synchronization

/// A node of its own for one test: ens5 and ens6 in a fresh namespace, wired to a fabric that routes.
public final class Node: Sendable {
  /// What belongs to one node only: part of names and paths.
  public let identifier: String
  /// The node's namespace, in which plugins are executed.
  public let namespace: Namespace
  /// The router behind both NICs.
  public let fabric: Namespace
  /// A directory for files of the test: leases, logs, executables.
  public let directory: String
  private let podList = Mutex<[Pod]>([])

  private static let count = Atomic<Int>(0)

  /// Builds the node and its surroundings.
  public init() throws {
    try Kernel.mustHaveIPVLAN()
    let number = Self.count.add(1, ordering: .relaxed).newValue
    // Of one length, so that tables look the same in every run.
    identifier = "t\(Self.digits(number, 3))\(Self.digits(Int(getpid()), 5))"
    directory = "/tmp/conformance/\(identifier)"
    try Files.makeDirectory(directory)
    namespace = try Namespace("node", .named("\(identifier)-node"))
    fabric = try Namespace("fabric", .named("\(identifier)-fabric"))
    for (place, isRouter) in [(namespace, false), (fabric, true)] {
      try place.run {
        // The kernel would add link-local addresses some time after the links have come up.
        try Files.write("1", to: "/proc/sys/net/ipv6/conf/default/addr_gen_mode")
        guard isRouter else { return }
        try Files.write("1", to: "/proc/sys/net/ipv4/ip_forward")
        try Files.write("1", to: "/proc/sys/net/ipv6/conf/all/forwarding")
      }
    }
    try fabric.batch(Site.fabricCommands(node: "\(identifier)-node"))
    try namespace.batch(Site.nodeCommands)
    for place in [namespace, fabric] { try place.awaitLocalRoutes() }
  }

  private static func digits(_ number: Int, _ width: Int) -> String {
    let digits = String(number, radix: 36)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The pods made so far.
  public var pods: [Pod] { podList.withLock { $0 } }

  /// Makes an empty pod, as a runtime does before it calls the plugin.
  public func pod(_ name: String = "a", heldByProcess: Bool = false) throws -> Pod {
    let reach: Namespace.Reach = heldByProcess ? .heldByProcess : .named("\(identifier)-\(name)")
    let pod = Pod(
      name: name, containerID: "\(name)-\(identifier)", namespace: try Namespace("pod \(name)", reach))
    podList.withLock { $0.append(pod) }
    return pod
  }

  /// Takes everything away.
  func destroy() {
    for pod in pods { pod.namespace.destroy() }
    namespace.destroy()
    fabric.destroy()
    _ = try? Program("rm", ["-rf", directory]).run()
  }
}

/// A pod: a namespace, and the name under which the runtime knows its container.
public struct Pod: Sendable {
  /// A short name: "a".
  public let name: String
  /// CNI_CONTAINERID.
  public let containerID: String
  /// The pod's network namespace.
  public let namespace: Namespace
}

extension Namespace {
  /// Runs many commands of `ip` in one process.
  public func batch(_ commands: String) throws {
    try execute("ip", ["-batch", "-"], input: Array(commands.utf8)).mustSucceed()
  }

  /// Runs one command of `ip`: `ip("link", "set", "ens5", "down")`.
  public func ip(_ arguments: String...) throws {
    try execute("ip", arguments).mustSucceed()
  }

  /// Sets or reads a kernel setting of the namespace: `net/ipv4/ip_forward`.
  public func setSysctl(_ name: String, _ value: String) throws {
    try run { try Files.write(value, to: "/proc/sys/\(name)") }
  }

  /// Reads a kernel setting; `nil` where there is none.
  public func sysctl(_ name: String) throws -> String? {
    try run {
      (try? Files.read("/proc/sys/\(name)", limit: 4096)).map {
        String(decoding: $0.dropLast(), as: UTF8.self)
      }
    }
  }
}
