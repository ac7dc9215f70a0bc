internal import AsyncHTTPClient
internal import FoundationEssentials
public import Logging
internal import NIOCore
internal import NIOHTTP1

/// A client of one API server.
///
/// Each verb sends one request (``list(_:namespace:_:pageSize:)`` one a page) and either gives its whole answer or
/// throws ``KubernetesError``. Nothing is tried again behind the caller's back but one case: after a 401 the
/// credentials are read anew, and if they have changed the request is sent once more. ``Backoff`` says when to try again, and
/// ``Reflector`` does so for those who want to follow a collection.
///
/// A client may be used from any task. ``withClient(_:log:_:)`` shuts it down at the end; who makes one otherwise calls
/// ``shutdown()``.
public struct APIClient: Sendable {
  let transport: Transport
  let log: Logger
  private let configuration: ClientConfiguration

  /// A client that connects when it is first used.
  public init(_ configuration: ClientConfiguration, log: Logger = Logger(label: "kubernetes-client")) {
    self.configuration = configuration
    self.log = log
    transport = Transport(configuration, log: log)
  }

  /// Runs `body` with a client and shuts it down afterwards.
  public static func withClient<Outcome, Failure: Error>(
    _ configuration: ClientConfiguration, log: Logger = Logger(label: "kubernetes-client"),
    _ body: (APIClient) async throws(Failure) -> Outcome
  ) async throws(Failure) -> Outcome {
    let client = APIClient(configuration, log: log)
    do throws(Failure) {
      let outcome = try await body(client)
      await client.shutdown()
      return outcome
    } catch {
      await client.shutdown()
      throw error
    }
  }

  /// Closes the connections. Requests that are under way end first; later ones are refused.
  public func shutdown() async { await transport.shutdown() }

  /// Where the server's address and the credentials come from, for messages.
  public var origin: String { configuration.source.name }

  /// An answer of success, read whole.
  func send(_ request: APIRequest) async throws(KubernetesError) -> [UInt8] { try await answer(request).body }

  /// An answer of success, read whole, and when the server gave it, by its own clock.
  func answer(
    _ request: APIRequest
  ) async throws(KubernetesError) -> (body: [UInt8], serverTime: Timestamp?) {
    let limit = configuration.requestTimeout
    let largest = configuration.largestAnswer
    return try await withResponse(request, limit: limit) {
      response, settings throws(KubernetesError) -> ([UInt8], Timestamp?) in
      let body = try await read(request, response, settings, largest: largest)
      guard (200...299).contains(response.status.code) else { throw request.refusal(response, body) }
      return (body, response.headers.first(name: "Date").flatMap { Timestamp(httpDate: $0) })
    }
  }

  /// Sends a request and hands its answer to `body` as it arrives, within `limit` if there is one.
  ///
  /// `body` throws an error of the kind `unauthorized` to have the request sent again with new credentials.
  func withResponse<Outcome: Sendable>(
    _ request: APIRequest, limit: Duration?,
    _ body: @escaping @Sendable (HTTPClientResponse, ServerSettings) async throws(KubernetesError) -> Outcome
  ) async throws(KubernetesError) -> Outcome {
    let use = try await transport.acquire()
    let outcome = await attempt(request, use, limit: limit, body)
    if case .failure(let error) = outcome, error.kind == .unauthorized {
      let changed = await transport.reload(since: use)
      await transport.release(use)
      guard changed else { throw error }
      let again = try await transport.acquire()
      let second = await attempt(request, again, limit: limit, body)
      await transport.release(again)
      return try second.get()
    }
    await transport.release(use)
    return try outcome.get()
  }

  private func attempt<Outcome: Sendable>(
    _ request: APIRequest, _ use: Transport.Use, limit: Duration?,
    _ body: @escaping @Sendable (HTTPClientResponse, ServerSettings) async throws(KubernetesError) -> Outcome
  ) async -> Result<Outcome, KubernetesError> {
    let prepared = request.prepared(use, userAgent: configuration.userAgent)
    let settings = use.connection.settings
    let exchange: @Sendable () async -> Result<Outcome, KubernetesError> = {
      do {
        let response = try await use.connection.http.execute(prepared, deadline: .distantFuture, logger: log)
        return .success(try await body(response, settings))
      } catch {
        return .failure(request.failure(error, settings))
      }
    }
    guard let limit else { return await exchange() }
    return await within(limit, exchange)
      ?? .failure(
        KubernetesError(
          .timedOut, action: request.action,
          problem: "\(settings.server) gave no complete answer within \(limit)"))
  }

  private func read(
    _ request: APIRequest, _ response: HTTPClientResponse, _ settings: ServerSettings, largest: Int
  ) async throws(KubernetesError) -> [UInt8] {
    do {
      var buffer = try await response.body.collect(upTo: largest)
      return buffer.readBytes(length: buffer.readableBytes) ?? []
    } catch is NIOTooManyBytesError {
      throw KubernetesError(
        .undecodable, action: request.action, problem: "the answer is longer than \(largest) bytes")
    } catch {
      throw request.failure(error, settings)
    }
  }

  /// Reads an answer as a Swift type.
  func decode<Value: Decodable>(_: Value.Type, _ request: APIRequest, _ body: [UInt8]) throws(KubernetesError)
    -> Value
  {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(body))
    } catch {
      throw KubernetesError(
        .undecodable, action: request.action, problem: "in the answer, \(describe(decoding: error))")
    }
  }

  /// Writes a value as JSON.
  func encode(_ value: some Encodable, action: String) throws(KubernetesError) -> [UInt8] {
    do {
      let encoder = JSONEncoder()
      // Servers read what is applied as YAML, and older ones know no escaped slash there.
      encoder.outputFormatting = .withoutEscapingSlashes
      return Array(try encoder.encode(value))
    } catch {
      throw KubernetesError(.unencodable, action: action, problem: "it cannot be written as JSON: \(error)")
    }
  }
}
