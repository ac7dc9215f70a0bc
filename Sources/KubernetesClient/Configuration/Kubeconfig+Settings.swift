internal import FoundationEssentials

extension Kubeconfig {
  /// What the context says, with the files that it names.
  func settings(context name: String?) throws(KubernetesError) -> ServerSettings {
    guard let name = name ?? currentContext, !name.isEmpty else {
      throw fault("has no current-context: set one with kubectl config use-context")
    }
    guard let context = contexts?.first(where: { $0.name == name })?.context else {
      throw fault("has no context \"\(name)\"")
    }
    guard let cluster = clusters?.first(where: { $0.name == context.cluster }) else {
      throw fault("has no cluster \"\(context.cluster)\", which context \"\(name)\" names")
    }
    var settings = try settings(of: cluster)
    if let userName = context.user, !userName.isEmpty {
      guard let user = users?.first(where: { $0.name == userName }) else {
        throw fault("has no user \"\(userName)\", which context \"\(name)\" names")
      }
      try add(user, to: &settings)
    }
    return settings
  }

  private func settings(of named: NamedCluster) throws(KubernetesError) -> ServerSettings {
    let cluster = named.cluster
    let place = "cluster \"\(named.name)\""
    guard let text = cluster.server else { throw fault("\(place) has no server") }
    guard let server = ServerAddress(text) else {
      throw fault("\(place): server \"\(text)\" is not of the form https://HOST[:PORT][/PATH]")
    }
    if cluster.insecureSkipTLSVerify ?? false {
      throw fault(
        "\(place): insecure-skip-tls-verify is true, and a connection that is not verified is never made: set"
          + " certificate-authority")
    }
    if let proxy = cluster.proxyURL, !proxy.isEmpty {
      throw fault("\(place): proxy-url \"\(proxy)\" is not supported")
    }
    return ServerSettings(
      server: server,
      certificateAuthority: try content(
        data: cluster.certificateAuthorityData, file: cluster.certificateAuthority,
        key: "certificate-authority",
        directory: named.directory, place),
      serverName: cluster.tlsServerName.flatMap { $0.isEmpty ? nil : $0 })
  }

  private func add(_ named: NamedUser, to settings: inout ServerSettings) throws(KubernetesError) {
    let user = named.user
    let place = "user \"\(named.name)\""
    if let exec = user.exec {
      throw fault(
        "\(place): exec \"\(exec.command ?? "")\" is not supported, since a daemon runs no program to log in: use a"
          + " token, tokenFile or client certificate, such as those of a service account")
    }
    if let provider = user.authProvider {
      throw fault(
        "\(place): auth-provider \"\(provider.name ?? "")\" is not supported: use a token or certificate")
    }
    if let username = user.username, !username.isEmpty {
      throw fault("\(place): username \"\(username)\" is not supported: use a token or certificate")
    }
    if let other = user.impersonate, !other.isEmpty {
      throw fault("\(place): as \"\(other)\" is not supported: use the credentials of that user")
    }
    settings.clientCertificate = try content(
      data: user.clientCertificateData, file: user.clientCertificate, key: "client-certificate",
      directory: named.directory, place)
    settings.clientKey = try content(
      data: user.clientKeyData, file: user.clientKey, key: "client-key", directory: named.directory, place)
    if (settings.clientCertificate == nil) != (settings.clientKey == nil) {
      throw fault("\(place) has one of client-certificate and client-key, and needs both")
    }
    // As upstream: a file counts before a token that is written out, since somebody may be renewing it.
    if let file = user.tokenFile, !file.isEmpty {
      settings.token = trimmed(try readFile(absolute(file, named.directory), for: "tokenFile of \(place)"))
    } else {
      settings.token = user.token
    }
    if settings.token?.isEmpty ?? false { throw fault("\(place): the token is empty") }
  }

  private func content(
    data: String?, file: String?, key: String, directory: String, _ place: String
  ) throws(KubernetesError) -> [UInt8]? {
    if let data, !data.isEmpty {
      guard let bytes = Data(base64Encoded: data, options: .ignoreUnknownCharacters) else {
        throw fault("\(place): \(key)-data is not base64")
      }
      return Array(bytes)
    }
    guard let file, !file.isEmpty else { return nil }
    return try readFile(absolute(file, directory), for: "\(key) of \(place)")
  }

  private func absolute(_ file: String, _ directory: String) -> String {
    file.hasPrefix("/") ? file : directory + (directory.hasSuffix("/") ? "" : "/") + file
  }

  private func fault(_ problem: String) -> KubernetesError {
    KubernetesError(.configuration, action: "use the kubeconfig", problem: "\(origin): \(problem)")
  }
}
