internal import FoundationEssentials

/// Where a server is, whom to believe that it is the one, and who we are.
struct ServerSettings: Sendable, Hashable {
  var server: ServerAddress
  /// PEM; `nil` stands for the system's authorities.
  var certificateAuthority: [UInt8]?
  /// The name that the certificate must have, when it is not the address.
  var serverName: String?
  var token: String?
  /// PEM.
  var clientCertificate: [UInt8]?
  /// PEM.
  var clientKey: [UInt8]?

  init(
    server: ServerAddress, certificateAuthority: [UInt8]? = nil, serverName: String? = nil,
    token: String? = nil,
    clientCertificate: [UInt8]? = nil, clientKey: [UInt8]? = nil
  ) {
    self.server = server
    self.certificateAuthority = certificateAuthority
    self.serverName = serverName
    self.token = token
    self.clientCertificate = clientCertificate
    self.clientKey = clientKey
  }

  /// What a connection is made from: a token is sent with each request, the rest needs a new connection.
  var connection: ServerSettings {
    var settings = self
    settings.token = nil
    return settings
  }
}

/// Scheme, host, port and the path before `/api`.
struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  let scheme: String
  /// Without the brackets of an IPv6 address.
  let host: String
  let port: Int
  let path: String

  init(scheme: String, host: String, port: Int, path: String = "") {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
  }

  /// Reads `https://host[:port][/path]`; `nil` when it is not of that form.
  init?(_ text: String) {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
      ["https", "http"].contains(scheme),
      let host = url.host(percentEncoded: false), !host.isEmpty, url.query() == nil, url.fragment() == nil,
      url.user() == nil
    else { return nil }
    self.scheme = scheme
    self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    port = url.port ?? (scheme == "https" ? 443 : 80)
    let path = url.path(percentEncoded: true)
    self.path = path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// With another name in place of the host.
  func named(_ name: String?) -> String {
    let host = name ?? host
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)\(path)"
  }

  var description: String { named(nil) }
}

/// A file that a configuration names.
func readFile(_ path: String, for purpose: String) throws(KubernetesError) -> [UInt8] {
  do {
    return Array(try Data(contentsOf: URL(filePath: path)))
  } catch {
    throw KubernetesError(
      .configuration, action: "read \(purpose)", problem: "\(path) cannot be read: \(reason(error))")
  }
}

/// The text of a file without white space around it.
func trimmed(_ bytes: [UInt8]) -> String {
  let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
  let text = bytes.drop { blanks.contains($0) }
  let end = text.lastIndex { !blanks.contains($0) }.map { $0 + 1 } ?? text.startIndex
  return String(decoding: text[..<end], as: UTF8.self)
}

private func reason(_ error: any Error) -> String {
  guard let error = error as? CocoaError else { return "\(error)" }
  return switch error.code {
  case .fileReadNoSuchFile: "no such file"
  case .fileReadNoPermission: "permission denied"
  default: "\(error)"
  }
}
