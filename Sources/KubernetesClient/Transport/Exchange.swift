internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// A request before it has an address and credentials.
struct APIRequest: Sendable {
  var method: HTTPMethod
  var path: String
  var query: [(String, String)] = []
  var contentType = "application/json"
  var body: [UInt8]?
  /// For errors: "list spiderippools.spiderpool.spidernet.io".
  var action: String
}

extension APIRequest {
  func prepared(_ use: Transport.Use, userAgent: String) -> HTTPClientRequest {
    let query = query.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&")
    var request = HTTPClientRequest(url: use.connection.base + path + (query.isEmpty ? "" : "?\(query)"))
    request.method = method
    request.headers.add(name: "Accept", value: "application/json")
    request.headers.add(name: "User-Agent", value: userAgent)
    if let token = use.token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    if let body {
      request.headers.add(name: "Content-Type", value: contentType)
      request.body = .bytes(ByteBuffer(bytes: body))
    }
    return request
  }

  /// The error for an answer that is none of success.
  func refusal(_ response: HTTPClientResponse, _ body: [UInt8]) -> KubernetesError {
    let status = try? JSONDecoder().decode(Status.self, from: Data(body))
    // Seconds; the form with a date is not used by API servers.
    let seconds = response.headers.first(name: "Retry-After").flatMap(Int64.init)
    // What is not JSON comes from something between us and the server: its first words say what.
    let text = status == nil ? String(decoding: body.prefix(200), as: UTF8.self) : ""
    let said = status ?? (text.isEmpty ? nil : Status(code: 0, reason: "", message: text))
    return KubernetesError(
      action: action, code: Int(response.status.code),
      status: said.map { status in
        var status = status
        status.code = Int(response.status.code)
        if status.reason?.isEmpty ?? false { status.reason = nil }
        return status
      }, retryAfter: seconds.map { .seconds(max(0, $0)) })
  }

  /// What an error of the connection means.
  func failure(_ error: any Error, _ settings: ServerSettings) -> KubernetesError {
    if let error = error as? KubernetesError { return error }
    if error is CancellationError || Task.isCancelled {
      return KubernetesError(.cancelled, action: action, problem: "the task was cancelled")
    }
    let server = settings.server.description
    switch error {
    case let error as HTTPClientError where error == .cancelled:
      return KubernetesError(.cancelled, action: action, problem: "the task was cancelled")
    case let error as HTTPClientError where error == .connectTimeout || error == .tlsHandshakeTimeout:
      return KubernetesError(
        .unreachable, action: action, problem: "\(server) does not answer: no connection in time")
    case let error as HTTPClientError where error == .remoteConnectionClosed:
      return KubernetesError(
        .unreachable, action: action,
        problem: "\(server) closed the connection before its answer was complete")
    case is NIOSSLExtraError:
      return untrusted(server, settings, "\(error)")
    case let error as NIOSSLError:
      if case .handshakeFailed(let fault) = error, "\(fault)".contains("CERTIFICATE_VERIFY_FAILED") {
        return untrusted(server, settings, "it is not signed by the authority, or out of date")
      }
      return KubernetesError(.unreachable, action: action, problem: "\(server): TLS failed: \(error)")
    default:
      return KubernetesError(
        .unreachable, action: action, problem: "\(server) cannot be reached: \(PlainError(error))")
    }
  }

  private func untrusted(_ server: String, _ settings: ServerSettings, _ why: String) -> KubernetesError {
    let authority =
      settings.certificateAuthority == nil ? "the system's authorities" : "the configured authority"
    return KubernetesError(
      .untrusted, action: action,
      problem:
        "the certificate of \(server) does not stand up to \(authority): \(why); check certificate-authority and"
        + " the clock")
  }
}
