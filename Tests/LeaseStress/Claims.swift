import Glibc
import Platform

/// A second witness, which knows nothing of the lease store: a file for each address in use, which only one can make.
///
/// A claim is made after its allocation and given up before the release, so that a claim of somebody else means
/// that an address was given twice, whoever was killed in between.
struct Claims {
  let directory: String

  /// Claims an address for an attachment. It may have claimed it already, before it was killed.
  func claim(_ address: String, for attachment: String) throws {
    // A claim appears with its owner in it, whenever its maker is killed.
    let draft = "\(directory).\(getpid())"
    try Files.replace(draft, with: Array(attachment.utf8))
    defer { try? Files.remove(draft) }
    guard unsafe link(draft, "\(directory)/\(address)") != 0 else { return }
    guard errno == EEXIST else { throw Failure("link: error \(errno)") }
    let owner = String(decoding: try Files.read("\(directory)/\(address)"), as: UTF8.self)
    guard owner == attachment else { throw Failure("\(address) was given to \(attachment) and \(owner)") }
  }

  /// Gives a claim up.
  func giveUp(_ address: String) throws { try Files.remove("\(directory)/\(address)") }
}

struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
