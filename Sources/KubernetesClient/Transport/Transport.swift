internal import AsyncHTTPClient
internal import Logging

/// Keeps the connection to the server, and reads address, authority and credentials again when it is time.
///
/// A token travels with each request, so a new one counts from the next request on. A new authority or client
/// certificate needs new connections: those that are in use are closed when their last request is over.
actor Transport {
  let configuration: ClientConfiguration
  private let log: Logger
  private var current: Connection?
  private var settings: ServerSettings?
  private var loaded: ContinuousClock.Instant?
  /// How many requests use a connection.
  private var users: [ObjectIdentifier: Int] = [:]
  private var isShutDown = false
  private var faults = RepeatedFaults()
  private static let reading = "reading the credentials again"

  init(_ configuration: ClientConfiguration, log: Logger) {
    self.configuration = configuration
    self.log = log
  }

  /// A connection to send one request on, and the token to send.
  struct Use: Sendable {
    let connection: Connection
    let token: String?
  }

  func acquire() async throws(KubernetesError) -> Use {
    if let loaded, ContinuousClock.now - loaded < configuration.reloadInterval {
      return try use()
    }
    do throws(KubernetesError) {
      try await reload()
    } catch {
      // A file that is being replaced must not stop what works.
      guard settings != nil else { throw error }
      loaded = .now
      note(unreadable: error)
    }
    return try use()
  }

  private func note(unreadable error: KubernetesError) {
    faults.note(Self.reading, "\(error); the credentials that were read before stay in use", log)
  }

  /// Reads the source again at once; tells whether the token or what a connection is made from has changed since `use`.
  func reload(since use: Use) async -> Bool {
    do throws(KubernetesError) { try await reload() } catch {
      note(unreadable: error)
      return false
    }
    return settings?.token != use.token || current !== use.connection
  }

  func release(_ use: Use) async {
    let id = ObjectIdentifier(use.connection)
    let left = (users[id] ?? 1) - 1
    users[id] = left == 0 ? nil : left
    if left == 0, use.connection !== current { await close(use.connection) }
  }

  func shutdown() async {
    isShutDown = true
    guard let connection = current else { return }
    current = nil
    settings = nil
    loaded = nil
    if users[ObjectIdentifier(connection)] == nil { await close(connection) }
  }

  private func use() throws(KubernetesError) -> Use {
    guard !isShutDown, let connection = current else {
      throw KubernetesError(.cancelled, action: "use the client", problem: "it was shut down")
    }
    users[ObjectIdentifier(connection), default: 0] += 1
    return Use(connection: connection, token: settings?.token)
  }

  private func reload() async throws(KubernetesError) {
    guard !isShutDown else { return }
    let new = try configuration.source.load()
    var old: Connection?
    if current == nil || settings?.connection != new.connection {
      let connection = try Connection(new.connection, connectTimeout: configuration.connectTimeout)
      if current != nil { log.info("address, authority or client certificate have changed: connecting anew") }
      old = current
      current = connection
    }
    settings = new
    loaded = .now
    faults.noteSuccess(Self.reading, log)
    if let old, users[ObjectIdentifier(old)] == nil { await close(old) }
  }

  private func close(_ connection: Connection) async {
    do {
      try await connection.http.shutdown()
    } catch {
      log.debug("a connection did not close in order: \(error)")
    }
  }
}
