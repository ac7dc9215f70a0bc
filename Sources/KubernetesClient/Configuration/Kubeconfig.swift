internal import FoundationEssentials
internal import YAML

/// A kubeconfig (`Config`, v1): clusters, users, and contexts that pair them.
///
/// What would run a program, go through a proxy, act as somebody else or skip the check of the server's certificate is
/// refused by its name, rather than ignored.
struct Kubeconfig: Decodable {
  var clusters: [NamedCluster]?
  var users: [NamedUser]?
  var contexts: [NamedContext]?
  var currentContext: String?

  /// The files that entries came from, for messages.
  var origin = ""

  enum CodingKeys: String, CodingKey {
    case clusters, users, contexts
    case currentContext = "current-context"
  }

  struct NamedCluster: Decodable {
    var name: String
    var cluster: Cluster
    var directory = ""

    enum CodingKeys: CodingKey { case name, cluster }
  }

  struct Cluster: Decodable {
    var server: String?
    var certificateAuthority: String?
    var certificateAuthorityData: String?
    var tlsServerName: String?
    var insecureSkipTLSVerify: Bool?
    var proxyURL: String?

    enum CodingKeys: String, CodingKey {
      case server
      case certificateAuthority = "certificate-authority"
      case certificateAuthorityData = "certificate-authority-data"
      case tlsServerName = "tls-server-name"
      case insecureSkipTLSVerify = "insecure-skip-tls-verify"
      case proxyURL = "proxy-url"
    }
  }

  struct NamedUser: Decodable {
    var name: String
    var user: User
    var directory = ""

    enum CodingKeys: CodingKey { case name, user }
  }

  struct User: Decodable {
    var clientCertificate: String?
    var clientCertificateData: String?
    var clientKey: String?
    var clientKeyData: String?
    var token: String?
    var tokenFile: String?
    var username: String?
    var impersonate: String?
    var exec: Program?
    var authProvider: Provider?

    enum CodingKeys: String, CodingKey {
      case token, tokenFile, username, exec
      case impersonate = "as"
      case clientCertificate = "client-certificate"
      case clientCertificateData = "client-certificate-data"
      case clientKey = "client-key"
      case clientKeyData = "client-key-data"
      case authProvider = "auth-provider"
    }
  }

  struct Program: Decodable { var command: String? }
  struct Provider: Decodable { var name: String? }

  struct NamedContext: Decodable {
    var name: String
    var context: Context
  }

  struct Context: Decodable {
    var cluster: String
    var user: String?
  }

  /// Reads files and merges them: of entries with one name the first counts.
  static func load(_ paths: [String]) throws(KubernetesError) -> Kubeconfig {
    var merged = Kubeconfig()
    for path in paths {
      let text = try readFile(path, for: "the kubeconfig")
      var file: Kubeconfig
      do {
        file = try parse(text)
      } catch {
        throw KubernetesError(
          .configuration, action: "read the kubeconfig", problem: "\(path): \(describe(decoding: error))")
      }
      let directory = URL(filePath: path).deletingLastPathComponent().path()
      for index in (file.clusters ?? []).indices { file.clusters?[index].directory = directory }
      for index in (file.users ?? []).indices { file.users?[index].directory = directory }
      merged.clusters = (merged.clusters ?? []) + (file.clusters ?? [])
      merged.users = (merged.users ?? []) + (file.users ?? [])
      merged.contexts = (merged.contexts ?? []) + (file.contexts ?? [])
      if merged.currentContext?.isEmpty ?? true { merged.currentContext = file.currentContext }
    }
    merged.origin = paths.joined(separator: ":")
    return merged
  }

  /// An empty file is an empty configuration, and documents after the first do not count, as for kubectl.
  private static func parse(_ text: [UInt8]) throws -> Kubeconfig {
    guard let document = try YAMLText.documents(in: text).first?.get() else { return Kubeconfig() }
    return try JSONDecoder().decode(Kubeconfig.self, from: Data(document.value.serialized()))
  }

  init() {}
}

/// What does not fit, without the names of Swift types.
func describe(decoding error: any Error) -> String {
  func place(_ context: DecodingError.Context) -> String {
    let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
    return path.isEmpty ? "the document" : "key \"\(path.hasPrefix(".") ? String(path.dropFirst()) : path)\""
  }
  return switch error as? DecodingError {
  case .keyNotFound(let key, let context): "\(place(context)) has no member \"\(key.stringValue)\""
  case .valueNotFound(_, let context): "\(place(context)) is null"
  case .typeMismatch(_, let context): "\(place(context)) is of another type: \(context.debugDescription)"
  case .dataCorrupted(let context):
    "\(place(context)) cannot be read: \(context.underlyingError.map { "\($0)" } ?? context.debugDescription)"
  case nil: "\(error)"
  @unknown default: "\(error)"
  }
}
