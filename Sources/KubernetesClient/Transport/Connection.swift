internal import AsyncHTTPClient
internal import NIOCore
internal import NIOSSL

/// Connections to one server with one authority and one client certificate.
///
/// HTTP/1.1, so that each watch has a connection of its own and none waits behind another's bytes.
final class Connection: Sendable {
  let http: HTTPClient
  let settings: ServerSettings
  /// What requests begin with.
  let base: String

  init(_ settings: ServerSettings, connectTimeout: Duration) throws(KubernetesError) {
    self.settings = settings
    base = settings.server.named(settings.serverName)
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: try Connection.tls(settings), redirectConfiguration: .disallow,
      timeout: .init(connect: .init(connectTimeout)), decompression: .disabled)
    configuration.httpVersion = .http1Only
    // Watches hold connections: a low limit would make requests wait for the end of a watch.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
    // Whoever asks waits between tries, and says why.
    configuration.connectionPool.retryConnectionEstablishment = false
    // The one place where the client lets options of its sockets be set.
    configuration.http1_1ConnectionDebugInitializer = { KeepAlive.start(on: $0) }
    if let name = settings.serverName { configuration.dnsOverride = [name: settings.server.host] }
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  private static func tls(_ settings: ServerSettings) throws(KubernetesError) -> TLSConfiguration? {
    guard settings.server.scheme == "https" else { return nil }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.certificateVerification = .fullVerification
    tls.minimumTLSVersion = .tlsv12
    if let authority = settings.certificateAuthority {
      let certificates = try parse("the certificate authority") {
        try NIOSSLCertificate.fromPEMBytes(authority)
      }
      guard !certificates.isEmpty else {
        throw KubernetesError(
          .configuration, action: "read the certificate authority", problem: "it holds no certificate in PEM")
      }
      tls.trustRoots = .certificates(certificates)
    }
    if let certificate = settings.clientCertificate, let key = settings.clientKey {
      let chain = try parse("the client certificate") { try NIOSSLCertificate.fromPEMBytes(certificate) }
      guard !chain.isEmpty else {
        throw KubernetesError(
          .configuration, action: "read the client certificate", problem: "it holds no certificate in PEM")
      }
      let privateKey = try parse("the client key") { try NIOSSLPrivateKey(bytes: key, format: .pem) }
      tls.certificateChain = chain.map { .certificate($0) }
      tls.privateKey = .privateKey(privateKey)
    }
    return tls
  }

  private static func parse<Value>(_ what: String, _ body: () throws -> Value) throws(KubernetesError)
    -> Value
  {
    do {
      return try body()
    } catch {
      throw KubernetesError(.configuration, action: "read \(what)", problem: "it is not in PEM: \(error)")
    }
  }
}

extension TimeAmount {
  init(_ duration: Duration) {
    self = .nanoseconds(
      duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
  }
}
