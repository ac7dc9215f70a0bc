internal import CLibC

/// Waiting for several descriptors at once (poll(2)).
public enum Polling {
  /// What is waited for.
  public enum Interest: Sendable {
    /// Something to read.
    case reading
    /// Room to write, or the end of connecting.
    case writing
    /// An exceptional condition: a file of /proc/self that has changed, such as mountinfo.
    case change
  }

  /// Waits until one of them is ready, a signal comes, or the time is over.
  /// - Returns: the positions of those that are ready.
  public static func wait(
    for descriptors: [(descriptor: FileDescriptor, interest: Interest)], milliseconds: Int
  ) -> [Int] {
    var polled = descriptors.map { entry in
      let events =
        switch entry.interest {
        case .reading: POLLIN
        case .writing: POLLOUT
        case .change: POLLPRI
        }
      return pollfd(fd: entry.descriptor.rawValue, events: Int16(events), revents: 0)
    }
    guard unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds)) > 0 else { return [] }
    return polled.indices.filter { polled[$0].revents != 0 }
  }
}
