/// An address with a port.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address, without brackets.
  package let host: String
  /// The port; 0 for one that is free.
  package let port: Int

  /// Reads `127.0.0.1:9114` or `[::1]:9114`; `nil` for anything else.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65535).contains(port)
    else { return nil }
    let name = text[..<colon]
    let isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
    guard isBracketed || !name.contains(":") else { return nil }
    host = String(isBracketed ? name.dropFirst().dropLast() : name)
    guard !host.isEmpty else { return nil }
    self.port = port
  }

  /// A port of the loopback address.
  package static func loopback(port: Int) -> ListenAddress { ListenAddress(host: "127.0.0.1", port: port) }

  /// The same address with the port that the kernel has chosen.
  func at(port: Int) -> ListenAddress { ListenAddress(host: host, port: port) }

  private init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// As it is read.
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
