internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import KubernetesClient
internal import NIOCore
internal import Synchronization

/// A request, taken apart.
struct ParsedRequest {
  var verb: String
  var path: String
  var collection: String
  var namespace: String?
  var name: String?
  var isStatus = false
  var query: [String: String]

  /// Whether it is a watch that begins with the whole collection.
  var sendsInitialEvents: Bool { verb == "stream" }
  var isWatch: Bool { query["watch"] == "true" }

  var key: ObjectKey { ObjectKey(namespace: namespace, name: name ?? "") }

  init(_ request: Request) {
    path = request.uri.path
    query = [:]
    for (name, value) in request.uri.queryParameters { query[String(name)] = String(value) }
    var parts = path.split(separator: "/").map(String.init)
    let prefix = parts.first == "api" ? 2 : 3
    let root = "/" + parts.prefix(prefix).joined(separator: "/")
    parts = Array(parts.dropFirst(prefix))
    if parts.count >= 3, parts[0] == "namespaces" {
      namespace = parts[1]
      parts = Array(parts.dropFirst(2))
    }
    collection = "\(root)/\(parts.first ?? "")"
    if parts.count > 1 { name = parts[1] }
    isStatus = parts.count > 2 && parts[2] == "status"
    verb =
      switch request.method {
      case .post: "create"
      case .put: "update"
      case .patch: "patch"
      case .delete: "delete"
      default:
        if name != nil {
          "get"
        } else if query["watch"] == "true" {
          // A verb of our own: for roles it is a watch.
          query["sendInitialEvents"] == "true" ? "stream" : "watch"
        } else {
          "list"
        }
      }
  }

  /// Whether the selectors of the request choose an object.
  func selects(_ object: FieldValue) -> Bool {
    let labels = (query["labelSelector"] ?? "").split(separator: ",")
    let fields = (query["fieldSelector"] ?? "").split(separator: ",")
    return labels.allSatisfy { term in
      matches(term) { object["metadata"]?["labels"]?[$0]?.string }
    }
      && fields.allSatisfy { term in
        matches(term) { path in
          var value: FieldValue? = object
          for name in path.split(separator: ".") { value = value?[String(name)] }
          return value?.string
        }
      }
  }

  private func matches(_ term: Substring, _ value: (String) -> String?) -> Bool {
    if let unequal = term.firstRange(of: "!=") {
      return value(String(term[..<unequal.lowerBound])) != String(term[unequal.upperBound...])
    }
    let sides = term.split(separator: "=", omittingEmptySubsequences: true)
    return sides.count == 2 && value(String(sides[0])) == String(sides[1])
  }
}

extension StandIn {
  func respond(_ request: Request) async -> Response {
    let parsed = ParsedRequest(request)
    let fault = state.withLock { state in
      state.requests.append(
        RecordedRequest(verb: parsed.verb, path: parsed.path, query: parsed.query, at: .now))
      return state.nextFault(parsed)
    }
    switch fault {
    case .status(let code, let reason, let message, let retryAfter)?:
      return answer(
        code, status(StandInStore.UserError(code: code, reason: reason, message: message)),
        retryAfter: retryAfter)
    case .text(let code, let text)?:
      return Response(status: .init(code: code), body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    case .silence? where !parsed.isWatch:
      try? await Task.sleep(for: .seconds(3600))
    case .slow(let milliseconds)?:
      try? await Task.sleep(for: .milliseconds(milliseconds))
    default: break
    }
    if let refusal = authorize(request, parsed) { return answer(refusal.code, status(refusal)) }
    if parsed.isWatch { return await watch(parsed, fault) }
    do {
      let body = try await request.body.collect(upTo: 16 * 1024 * 1024)
      let content =
        body.readableBytes == 0
        ? FieldValue.null : try JSONDecoder().decode(FieldValue.self, from: Data(body.readableBytesView))
      let (code, value) = try await perform(request, parsed, content)
      let response = answer(code, value)
      if case .cut(let bytes)? = fault { return cut(response, value, bytes) }
      return response
    } catch let refusal as StandInStore.UserError {
      return answer(refusal.code, status(refusal))
    } catch {
      return answer(
        400, status(StandInStore.UserError(code: 400, reason: "BadRequest", message: "\(error)")))
    }
  }

  private func perform(
    _ request: Request, _ parsed: ParsedRequest, _ body: FieldValue
  ) async throws -> (Int, FieldValue) {
    let path = parsed.collection
    let key = parsed.key
    switch parsed.verb {
    case "get": return (200, try await store.get(path, key))
    case "list":
      return (
        200,
        try await store.list(
          path, namespace: parsed.namespace, selects: parsed.selects,
          limit: parsed.query["limit"].flatMap(Int.init),
          continuation: parsed.query["continue"])
      )
    case "create": return (201, try await store.create(path, namespace: parsed.namespace, body))
    case "update": return (200, try await store.replace(path, key, status: parsed.isStatus, body))
    case "patch":
      guard request.headers[.contentType]?.contains("apply-patch") ?? false else {
        return (200, try await store.patch(path, key, status: parsed.isStatus, body))
      }
      let (object, isNew) = try await store.apply(
        path, key, status: parsed.isStatus, manager: parsed.query["fieldManager"] ?? "",
        force: parsed.query["force"] == "true", body)
      return (isNew ? 201 : 200, object)
    case "delete":
      return (
        200,
        try await store.delete(
          path, key, uid: body["preconditions"]?["uid"]?.string,
          version: body["preconditions"]?["resourceVersion"]?.string)
      )
    default: throw StandInStore.UserError(code: 405, reason: "MethodNotAllowed", message: parsed.verb)
    }
  }

  private func authorize(_ request: Request, _ parsed: ParsedRequest) -> StandInStore.UserError? {
    let bearer = request.headers[.authorization] ?? ""
    let token = bearer.hasPrefix("Bearer ") ? String(bearer.dropFirst(7)) : ""
    switch state.withLock({ $0.tokens[token] }) {
    case true?: return nil
    case false?:
      return StandInStore.UserError(
        code: 403, reason: "Forbidden",
        message: "\(parsed.collection) is forbidden: User \"\(token)\" cannot \(parsed.verb) it")
    case nil: return StandInStore.UserError(code: 401, reason: "Unauthorized", message: "Unauthorized")
    }
  }

  func status(_ refusal: StandInStore.UserError) -> FieldValue {
    [
      "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
      "message": .string(refusal.message), "reason": .string(refusal.reason),
      "code": .integer(Int64(refusal.code)),
      "details": ["causes": .array(refusal.causes)],
    ]
  }

  private func answer(_ code: Int, _ value: FieldValue, retryAfter: Int? = nil) -> Response {
    var headers: HTTPFields = [.contentType: "application/json"]
    if let retryAfter { headers[.retryAfter] = String(retryAfter) }
    return Response(
      status: .init(code: code), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: json(value))))
  }

  /// Promises the whole answer and closes the connection after a part of it.
  private func cut(_ response: Response, _ value: FieldValue, _ bytes: Int) -> Response {
    let whole = json(value)
    return Response(
      status: response.status, headers: response.headers,
      body: ResponseBody(contentLength: whole.count) { writer in
        try await writer.write(ByteBuffer(bytes: whole.prefix(bytes)))
        throw CancellationError()
      })
  }

  func json(_ value: FieldValue) -> [UInt8] { (try? JSONEncoder().encode(value)).map(Array.init) ?? [] }
}

extension StandIn.State {
  mutating func nextFault(_ request: ParsedRequest) -> Fault? {
    for (index, rule) in rules.enumerated()
    where rule.verb.map({ $0 == request.verb }) ?? true
      && (rule.path.isEmpty || request.path.contains(rule.path))
    {
      guard rule.skip == 0 else {
        rules[index].skip -= 1
        continue
      }
      if let times = rule.times {
        guard times > 0 else { continue }
        rules[index].times = times - 1
      }
      return rule.fault
    }
    return nil
  }
}
