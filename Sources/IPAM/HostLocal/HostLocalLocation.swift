internal import Platform

/// Where the leases of a network are, and how failures there are told.
struct HostLocalLocation: Sendable, Hashable {
  /// The directory of all networks.
  let dataDirectory: String
  /// The network.
  let network: String

  /// Names the directory of a network; `nil` for a name that leads out of the data directory, or to a file there that
  /// is no network's.
  init?(dataDirectory: String, network: String) {
    guard !network.isEmpty, !network.hasPrefix("."), !network.utf8.contains(UInt8(ascii: "/")),
      !network.utf8.contains(0)
    else { return nil }
    self.dataDirectory = dataDirectory
    self.network = network
  }

  /// The directory of the network.
  var path: String { "\(dataDirectory)/\(network)" }

  /// The name of the network's index in the data directory.
  var indexName: String { ".\(network).index" }

  /// Opens the directory of all networks.
  /// - Returns: `nil` when it is missing and not to be made.
  /// - Throws: ``AllocationError`` of kind `store`.
  func openParent(isMaking: Bool) throws(AllocationError) -> Directory? {
    do throws(Errno) {
      if isMaking { try Files.makeDirectory(dataDirectory) }
      return try Directory(opening: dataDirectory)
    } catch .noSuchFileOrDirectory where !isMaking {
      return nil
    } catch {
      throw failure(isMaking ? "make" : "open", error, path: dataDirectory)
    }
  }

  /// Opens the directory of the network; a symbolic link in its place is refused.
  /// - Returns: `nil` when it is missing and not to be made.
  /// - Throws: ``AllocationError`` of kind `store`.
  func open(in parent: borrowing Directory, isMaking: Bool) throws(AllocationError) -> Directory? {
    do throws(Errno) {
      if isMaking { try parent.makeDirectory(network) }
      return try parent.directory(network)
    } catch .noSuchFileOrDirectory where !isMaking {
      return nil
    } catch {
      throw failure(isMaking ? "make" : "open", error, path: path)
    }
  }

  /// Locks the directory of the network against every other process that gives or takes its addresses.
  /// - Throws: ``AllocationError`` of kind `busy` when others keep the lock, or `store`.
  func lock(_ directory: borrowing Directory) throws(AllocationError) -> OwnedDescriptor {
    do throws(Errno) {
      let lock = try directory.open("lock", .readOnly, options: [.create])
      if try lock.lock(.exclusive) { return lock }
    } catch {
      throw failure("lock", "lock", error)
    }
    throw AllocationError(
      .busy, "another process has kept \(path)/lock locked for \(OwnedDescriptor.lockPatience) s",
      details: "see which one: \("fuser -v \("\(path)/lock")" as ShellCommand)")
  }

  /// What failed at a file of the network, or at its directory.
  func failure(_ verb: String, _ name: String?, _ error: Errno) -> AllocationError {
    failure(verb, error, path: name.map { "\(path)/\($0)" } ?? path)
  }

  private func failure(_ verb: String, _ error: Errno, path: String) -> AllocationError {
    AllocationError(.store, "cannot \(verb) \(path): \(error)", details: hint(error))
  }

  private func hint(_ error: Errno) -> String {
    let (purpose, command): (String, ShellCommand) =
      switch error {
      case .noSpace, .diskQuotaExceeded:
        ("free space or inodes", "df \(dataDirectory); df -i \(dataDirectory)")
      case .readOnlyFileSystem: ("see how it is mounted", "findmnt -T \(dataDirectory)")
      case .tooManySymbolicLinkLevels, .notDirectory:
        ("symbolic links are not followed there", "ls -ld \(dataDirectory) \(path)")
      case .permissionDenied, .notPermitted:
        ("see who may write there", "ls -ld \(dataDirectory) \(path); lsattr -d \(path)")
      default: ("see what is there", "ls -la \(path)")
      }
    return "\(purpose): \(command)"
  }
}
