internal import CNetlink
public import Platform

/// An open network namespace.
public struct NetworkNamespace: ~Copyable {
  /// What tells namespaces apart: device and inode of the file that stands for them.
  public struct Identity: Sendable, Hashable {
    /// The device of the nsfs file system.
    public let device: UInt
    /// The inode, the number in `net:[4026531840]`.
    public let inode: UInt
  }

  private let descriptor: OwnedDescriptor

  /// Opens the namespace that a path stands for, such as `/run/netns/pod` or `/proc/42/ns/net`.
  /// - Throws: the `Errno` of open(2); `EINVAL` when the file is not a network namespace.
  public init(path: String) throws(Errno) {
    // Non-blocking, since a runtime that passes a FIFO must not hang the plugin.
    let descriptor = try OwnedDescriptor(opening: path, .readOnly, options: .nonBlocking)
    guard cnetlink_namespace_type(descriptor.descriptor.rawValue) == cnetlink_newnet() else {
      throw .invalidArgument
    }
    self.descriptor = descriptor
  }

  /// Opens the namespace that a path stood for when it was looked at.
  ///
  /// - Returns: `nil` when it is gone, or the path leads to another one.
  /// - Throws: ``NetlinkError`` when it is there and cannot be opened.
  public static func open(
    _ path: String, identity: Identity
  ) throws(NetlinkError) -> NetworkNamespace? {
    do throws(Errno) {
      let opened = try NetworkNamespace(path: path)
      guard try opened.identity() == identity else { return nil }
      return opened
    } catch {
      guard exists(at: path) else { return nil }
      throw NetlinkError(operation: "open network namespace \(path)", errno: error)
    }
  }

  /// Opens the file that stands for the namespace once more: locks tell the two apart.
  /// - Throws: the `Errno` of open(2).
  public func reopened() throws(Errno) -> OwnedDescriptor {
    try OwnedDescriptor(opening: "/proc/self/fd/\(descriptor.descriptor.rawValue)", .readOnly)
  }

  /// Opens the namespace that the calling thread is in.
  /// - Throws: the `Errno` of open(2).
  public static func current() throws(Errno) -> NetworkNamespace {
    try NetworkNamespace(path: "/proc/thread-self/ns/net")
  }

  /// The namespace that the process works in, and returns to.
  /// - Throws: ``NetlinkError`` when it cannot be opened.
  public static func host() throws(NetlinkError) -> NetworkNamespace {
    do throws(Errno) { return try current() } catch {
      throw NetlinkError(operation: "open the process's own network namespace", errno: error)
    }
  }

  /// What opening says of a path that leads nowhere, or to something that is never a namespace.
  private static let isNone: [Errno] = [
    .noSuchFileOrDirectory, .notDirectory, .invalidArgument, .noSuchProcess, .tooManySymbolicLinkLevels,
    .fileNameTooLong, .noSuchAddressOrDevice,
  ]

  /// Whether a path stands for a network namespace; a file that is left of one does not.
  ///
  /// A path that exists and may not be opened counts: it takes an error to tell what it is.
  public static func exists(at path: String) -> Bool {
    do throws(Errno) {
      _ = try NetworkNamespace(path: path)
      return true
    } catch {
      return !Self.isNone.contains(error)
    }
  }

  /// The namespace's identity.
  /// - Throws: the `Errno` of fstat(2).
  public func identity() throws(Errno) -> Identity {
    var (device, inode): (UInt, UInt) = (0, 0)
    let status = unsafe cnetlink_identity(descriptor.descriptor.rawValue, &device, &inode)
    guard status == 0 else { throw Errno(rawValue: -status) }
    return Identity(device: device, inode: inode)
  }

  /// The descriptor's number, as `IFLA_NET_NS_FD` carries it.
  var descriptorNumber: Int32 { descriptor.descriptor.rawValue }

  /// Runs `body` with the calling thread in this namespace, and returns to `host`.
  ///
  /// Namespaces are per thread: `body` must not wait for another one. A thread that cannot return would
  /// go on in the pod, so that the process ends instead.
  /// - Throws: ``NetlinkError`` when the namespace cannot be entered, or what `body` throws.
  public func run<Value: ~Copyable>(
    returningTo host: borrowing NetworkNamespace, _ body: () throws(NetlinkError) -> Value
  ) throws(NetlinkError) -> Value {
    let status = cnetlink_enter(descriptorNumber)
    guard status == 0 else {
      throw NetlinkError(operation: "enter the network namespace", errno: Errno(rawValue: -status))
    }
    defer {
      precondition(cnetlink_enter(host.descriptorNumber) == 0, "the thread cannot leave the pod's namespace")
    }
    return try body()
  }

  /// Opens a netlink socket in this namespace; the thread is back in `host` afterwards.
  /// - Throws: ``NetlinkError`` when the namespace cannot be entered or the socket not be opened.
  public func openSocket(returningTo host: borrowing NetworkNamespace) throws(NetlinkError) -> NetlinkSocket {
    try run(returningTo: host) { () throws(NetlinkError) in try NetlinkSocket() }
  }
}
