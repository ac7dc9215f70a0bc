internal import Addressing

/// Where the instance metadata service answers: an address, since no names are looked up.
package struct MetadataEndpoint: Sendable, CustomStringConvertible {
  let address: IPAddress
  let port: UInt16

  /// The address that every EC2 instance has it at.
  package static let standard = MetadataEndpoint(
    address: IPAddress(family: .v4, value: 0xA9FE_A9FE), port: 80)
  /// The variable by which AWS's own tools are told another one.
  package static let variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT"

  private init(address: IPAddress, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// Reads `http://169.254.169.254`, `http://127.0.0.1:8080/`, `http://[fd00:ec2::254]`.
  package init?(_ text: String) {
    guard text.hasPrefix("http://") else { return nil }
    var rest = text.dropFirst("http://".count)
    while rest.last == "/" { rest = rest.dropLast() }
    let host: Substring
    if rest.first == "[" {
      guard let end = rest.firstIndex(of: "]") else { return nil }
      host = rest[rest.index(after: rest.startIndex)..<end]
      rest = rest[rest.index(after: end)...]
    } else {
      host = rest.prefix { $0 != ":" }
      rest = rest[host.endIndex...]
    }
    guard let address = IPAddress(String(host)), rest.isEmpty || rest.first == ":",
      let port = rest.isEmpty ? 80 : UInt16(rest.dropFirst())
    else { return nil }
    self.init(address: address, port: port)
  }

  /// As it is read.
  package var description: String { "http://\(authority)" }

  /// The value of the header `Host` (RFC 9112, section 3.2).
  var authority: String {
    let host = address.family == .v6 ? "[\(address)]" : "\(address)"
    return port == 80 ? host : "\(host):\(port)"
  }
}
