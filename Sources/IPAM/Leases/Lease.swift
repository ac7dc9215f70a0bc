public import Addressing
internal import JSON

/// An address that is held by an attachment, or that was released a moment ago.
public struct Lease: Sendable, Hashable {
  /// The address.
  public let address: IPAddress
  /// Who holds or held it.
  public let attachment: AttachmentID
  /// The name of the pool that it came from.
  public let pool: String
  /// The Kubernetes pod, `namespace/name`.
  public let pod: String?
  /// The pod's unique number; `nil` where the runtime did not pass it, and in a store of an earlier version.
  public let podUID: String?
  /// The path of the attachment's network namespace.
  public let netns: String?
  /// When it was given, in seconds of Unix time.
  public let since: Int
  /// When it was released; `nil` while it is held.
  public internal(set) var release: Release?

  /// Which call gave it last to its holder (``Allocation/Claim``); `nil` in a store of an earlier version.
  var mark: Int?

  /// The lease as a call leaves it that gives it.
  func marked(_ mark: Int) -> Lease {
    var lease = self
    lease.mark = mark
    return lease
  }

  /// The moment of a release, on two clocks.
  public struct Release: Sendable, Hashable {
    /// Milliseconds since the machine was started, which nobody can set.
    public let boot: Int
    /// Seconds of Unix time, for the time after a reboot.
    public let wall: Int
    /// The cooldown, in seconds, of the configuration that released the address.
    public let cooldown: Int

    /// Milliseconds since the machine was started at which the address can be given again.
    var end: Int { boot + cooldown * 1000 }
  }

  /// What is left of the cooldown, in milliseconds; 0 when the address can be given, or is held.
  func cooldown(at boot: Int) -> Int { release.map { max(0, $0.end - boot) } ?? 0 }
}

extension Lease {
  /// The value that stands for the lease in the store; the address is its key.
  var record: [UInt8] {
    var object: JSONObject = [
      "network": .string(attachment.network), "containerID": .string(attachment.containerID),
      "ifname": .string(attachment.ifname), "pool": .string(pool), "since": .int(since),
    ]
    object["pod"] = pod.map(JSONValue.string)
    object["podUID"] = podUID.map(JSONValue.string)
    object["netns"] = netns.map(JSONValue.string)
    object["mark"] = mark.map(JSONValue.int)
    object["releasedAtBoot"] = release.map { .int($0.boot) }
    object["releasedAt"] = release.map { .int($0.wall) }
    object["rests"] = release.map { .int($0.cooldown) }
    return JSONValue.object(object).serialized()
  }

  /// Reads a value; `nil` when it is none of ours.
  init?(_ address: IPAddress, record: [UInt8]) {
    guard let object = (try? JSONValue(parsing: record))?.object, let network = object["network"]?.string,
      let container = object["containerID"]?.string, let ifname = object["ifname"]?.string,
      let pool = object["pool"]?.string, let since = object["since"]?.int
    else { return nil }
    self.address = address
    attachment = AttachmentID(network: network, containerID: container, ifname: ifname)
    self.pool = pool
    self.since = since
    pod = object["pod"]?.string
    podUID = object["podUID"]?.string
    netns = object["netns"]?.string
    mark = object["mark"]?.int
    if let boot = object["releasedAtBoot"]?.int, let wall = object["releasedAt"]?.int,
      let cooldown = object["rests"]?.int
    {
      release = Release(boot: boot, wall: wall, cooldown: cooldown)
    } else {
      release = nil
    }
  }
}
