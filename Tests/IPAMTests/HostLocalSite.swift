import Addressing
import Glibc
import IPAM
import JSON
import Platform
import Testing

/// A data directory of host-local's with everything that works on it: the library, and the reference plugin of
/// Debian's containernetworking-plugins.
struct HostLocalSite {
  static let reference = "/usr/lib/cni/host-local"

  let directory: TemporaryDirectory
  let network = "net"

  /// Where the leases of the network are.
  var leases: String { "\(directory.path)/data/\(network)" }

  /// - Throws: when the reference plugin is not installed; a test without it would prove nothing.
  init() throws {
    directory = try TemporaryDirectory()
    try #require(
      Files.isRegularFile(Self.reference),
      "\(Self.reference) is missing: apt-get install containernetworking-plugins")
  }

  /// The members of `ipam`, in JSON without braces, completed by type and data directory.
  func ipam(_ members: String) throws -> JSONFields {
    let text = "{\"type\": \"host-local\", \"dataDir\": \"\(directory.path)/data\", \(members)}"
    return JSONFields(try #require(try JSONValue(parsing: Array(text.utf8)).object), path: "ipam")
  }

  func allocator(_ members: String) throws -> HostLocalAllocator {
    try HostLocalAllocator(ipam(members), network: network)
  }

  func request(
    _ container: String, _ ifname: String = "eth0", asking addresses: [String] = []
  ) throws -> AllocationRequest {
    var request = AllocationRequest(
      attachment: AttachmentID(network: network, containerID: container, ifname: ifname))
    for address in addresses { request.requested.append(try #require(RequestedAddress(address))) }
    return request
  }

  /// What the reference answers; `nil` when it refuses.
  @discardableResult
  func reference(
    _ command: String, _ container: String, _ members: String, ifname: String = "eth0", ip: String = ""
  ) throws -> CNIAnswer? {
    let outcome = try run(Self.reference, command, container, members, ifname: ifname, ip: ip)
    return outcome.end == .exited(0) ? try CNIAnswer(outcome.output) : nil
  }

  /// Runs an IPAM plugin as a main plugin does.
  func run(
    _ plugin: String, _ command: String, _ container: String, _ members: String, ifname: String = "eth0",
    ip: String = ""
  ) throws -> Subprocess.Outcome {
    try Subprocess(
      executable: plugin,
      environment: Environment([
        "CNI_COMMAND": command, "CNI_CONTAINERID": container, "CNI_IFNAME": ifname, "CNI_NETNS": "/none",
        "CNI_PATH": "/usr/lib/cni", "CNI_ARGS": ip.isEmpty ? "" : "IP=\(ip)",
      ]), input: try configuration(members), timeLimit: 120
    ).run()
  }

  /// The executable that was built with the tests, under the name by which it serves addresses alone.
  func ownPlugin() throws -> String {
    let tests = try Files.linkTarget("/proc/self/exe")
    let built = tests.split(separator: "/").dropLast().joined(separator: "/")
    try #require(Files.isRegularFile("/\(built)/ipvlan"), "swift build --product ipvlan comes first")
    let plugin = "\(directory.path)/host-local"
    unsafe _ = symlink("/\(built)/ipvlan", plugin)
    return plugin
  }

  /// Runs a shell script to its end; its environment names the site's things.
  func shell(_ script: String, _ members: String) throws -> Subprocess.Outcome {
    try directory.write("configuration.json", String(decoding: configuration(members), as: UTF8.self))
    return try Subprocess(
      executable: "/bin/sh",
      environment: Environment([
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CNI_PATH": "/usr/lib/cni", "CNI_NETNS": "/none",
        "CNI_IFNAME": "eth0", "OURS": try ownPlugin(), "THEIRS": Self.reference, "DIRECTORY": directory.path,
        "CONFIGURATION": "\(directory.path)/configuration.json",
      ]), input: Array(script.utf8), timeLimit: 900
    ).run()
  }

  /// The whole configuration, as a plugin reads it on stdin.
  func configuration(_ members: String) throws -> [UInt8] {
    let configuration: JSONObject = [
      "cniVersion": .string("1.0.0"), "name": .string(network), "type": .string("ipvlan"),
      "ipam": .object(try ipam(members).object),
    ]
    return JSONValue.object(configuration).serialized()
  }

  /// Writes a lease file, or another one of the network's.
  func write(_ name: String, _ content: String) throws {
    try Files.makeDirectory(leases)
    try Files.replace("\(leases)/\(name)", with: Array(content.utf8))
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Files.read("\(leases)/\(name)"), as: UTF8.self)
  }

  /// The addresses that have a lease file.
  func held() throws -> [String] {
    try Files.names(in: leases).compactMap(IPAddress.init).sorted().map(\.description)
  }
}

/// The addresses of a result, with what belongs to them.
struct CNIAnswer {
  let addresses: [String]
  let gateways: [String]
  let routes: [String]
  let dns: DNSConfiguration

  init(_ output: [UInt8]) throws {
    guard !output.isEmpty else {
      (addresses, gateways, routes, dns) = ([], [], [], DNSConfiguration())
      return
    }
    let fields = JSONFields(try #require(try JSONValue(parsing: output).object))
    let ips = try fields.objects("ips") ?? []
    addresses = try ips.compactMap { try $0.string("address") }
    gateways = try ips.compactMap { try $0.string("gateway") }
    routes = try (fields.objects("routes") ?? []).map { try IPRoute($0).description }
    dns = try fields.fields("dns").map { try DNSConfiguration($0) } ?? DNSConfiguration()
  }

  init(_ allocation: Allocation) {
    addresses = allocation.assignments.map(\.address.description)
    gateways = allocation.assignments.compactMap { $0.gateway?.description }
    routes = allocation.routes.map(\.description)
    dns = allocation.dns
  }
}
