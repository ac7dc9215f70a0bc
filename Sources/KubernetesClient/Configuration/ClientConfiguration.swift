/// How a client finds its server and who it is there.
public struct ClientConfiguration: Sendable {
  /// Where address, authority and credentials come from. They are read again while the client runs.
  public var source: CredentialSource
  /// What the server's log calls this program.
  public var userAgent: String
  /// Within which time an answer must be complete. A watch has a limit of its own.
  public var requestTimeout: Duration = .seconds(30)
  /// Within which time a connection must be made.
  public var connectTimeout: Duration = .seconds(10)
  /// How often the files of the source are read again.
  public var reloadInterval: Duration = .seconds(60)
  /// The longest answer that is read into memory, in bytes.
  public var largestAnswer = 64 * 1024 * 1024

  /// A client of the server that `source` names.
  public init(source: CredentialSource, userAgent: String) {
    self.source = source
    self.userAgent = userAgent
  }
}

/// Where address, authority and credentials are read.
public enum CredentialSource: Sendable, Hashable {
  /// A kubeconfig; of several files the first that has an entry counts. `context` stands in for `current-context`.
  case kubeconfig(paths: [String], context: String? = nil)
  /// The service account of the pod that this process runs in.
  case inCluster(InClusterFiles)

  /// As `kubectl` looks: a file that was named, else $KUBECONFIG (a list with colons), else the pod's service account.
  ///
  /// - Throws: ``KubernetesError`` of the kind ``KubernetesError/Kind/configuration`` when there is none of the three.
  public static func find(
    kubeconfig: String? = nil, environment: [String: String]
  ) throws(KubernetesError) -> CredentialSource {
    if let kubeconfig { return .kubeconfig(paths: [kubeconfig]) }
    let paths = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
    if !paths.isEmpty { return .kubeconfig(paths: paths) }
    if let files = InClusterFiles(environment: environment) { return .inCluster(files) }
    throw KubernetesError(
      .configuration, action: "find an API server",
      problem:
        "no kubeconfig was named, KUBECONFIG is not set, and this is not a pod (KUBERNETES_SERVICE_HOST is not"
        + " set): name a kubeconfig")
  }

  func load() throws(KubernetesError) -> ServerSettings {
    switch self {
    case .kubeconfig(let paths, let context): try Kubeconfig.load(paths).settings(context: context)
    case .inCluster(let files): try files.settings()
    }
  }

  var name: String {
    switch self {
    case .kubeconfig(let paths, _): "kubeconfig \(paths.joined(separator: ":"))"
    case .inCluster(let files): "service account in \(files.directory)"
    }
  }
}

/// The files that the kubelet mounts into a pod, and the address from its environment.
public struct InClusterFiles: Sendable, Hashable {
  /// Where the kubelet mounts them.
  public static let standardDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The directory with `token`, `ca.crt` and `namespace`.
  public let directory: String
  /// The API server's address.
  public let host: String
  /// The API server's port.
  public let port: Int

  /// What a pod's environment says; `nil` outside of a pod.
  public init?(environment: [String: String], directory: String = standardDirectory) {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = environment["KUBERNETES_SERVICE_PORT"].flatMap(Int.init)
    else { return nil }
    self.directory = directory
    self.host = host
    self.port = port
  }

  /// The namespace of the pod.
  public func namespace() throws(KubernetesError) -> String {
    trimmed(try readFile("\(directory)/namespace", for: "the pod's namespace"))
  }

  func settings() throws(KubernetesError) -> ServerSettings {
    let token = trimmed(try readFile("\(directory)/token", for: "the service account's token"))
    guard !token.isEmpty else {
      throw KubernetesError(
        .configuration, action: "read the service account's token", problem: "\(directory)/token is empty")
    }
    return ServerSettings(
      server: ServerAddress(scheme: "https", host: host, port: port),
      certificateAuthority: try readFile("\(directory)/ca.crt", for: "the service account's authority"),
      token: token)
  }
}
