internal import JSON
public import Platform
internal import YAML

/// How the Node of this machine is called, which `ipvlan-agent` leaves beside the files of pools.
///
/// On clouds a Node is often called `ip-172-31-16-4.eu-central-1.compute.internal`, and its machine `ip-172-31-16-4`. Runtimes tell a
/// plugin neither. The directory outlives a restart of the machine. Hidden, so that nobody takes the file for a pool.
public struct NodeNameFile: Sendable {
  private let directory: String

  /// - Parameter directory: that of the pools.
  public init(in directory: String) { self.directory = directory }

  /// Its path.
  public var path: String { "\(directory)/.node.json" }

  /// The name by which `nodeName` of pools is meant on this machine: `NODE_NAME`, else the file's, else the host name.
  public static func name(of environment: Environment, poolDirectory: String) -> String {
    if let name = environment["NODE_NAME"] { return name }
    let host = HostName.current
    return NodeNameFile(in: poolDirectory).node(of: host) ?? host
  }

  /// The Node of a host; `nil` where nobody has said so, or of another host: the file may be on an image of many machines.
  func node(of host: String) -> String? {
    guard let bytes = try? Files.read(path, limit: 4096),
      let object = (try? JSONValue(parsing: bytes))?.object, object["host"]?.string == host,
      let node = object["node"]?.string, ObjectName.isSubdomain(node)
    else { return nil }
    return node
  }

  /// Writes the name of this machine's Node, unless the file has it.
  /// - Throws: the `Errno` of the step that failed; then the file is as it was.
  public func write(_ node: String) throws(Errno) {
    let host = HostName.current
    guard self.node(of: host) != node else { return }
    let object: JSONObject = ["host": .string(host), "node": .string(node)]
    try Files.makeDirectory(
      directory, permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
    try Files.replaceDurably(
      path, with: JSONValue.object(object).serialized() + [0x0A],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
  }
}
