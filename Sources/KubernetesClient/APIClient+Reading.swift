/// The objects of a collection at one moment.
public struct ResourceList<Object: KubernetesObject>: Sendable {
  /// The objects, in the server's order.
  public var items: [Object]
  /// The version of the collection at that moment: a watch from here misses nothing.
  public var resourceVersion: String
  /// What asks for the next page; `nil` when this is the last.
  public var continuation: String?
  /// How many objects are left behind this page, when the server says so.
  public var remaining: Int?
  /// When the server answered, by its own clock, in seconds; `nil` where it did not say, and of a list that came as the
  /// beginning of a watch.
  public var serverTime: Timestamp?

  /// A list that is whole.
  public init(items: [Object], resourceVersion: String, serverTime: Timestamp? = nil) {
    self.items = items
    self.resourceVersion = resourceVersion
    self.serverTime = serverTime
  }
}

extension APIClient {
  /// One object.
  ///
  /// - Throws: ``KubernetesError``, of the kind ``KubernetesError/Kind/notFound`` when there is none of that name.
  public func get<Object>(
    _ resource: Resource<Object>, _ name: String, namespace: String? = nil
  ) async throws(KubernetesError) -> Object {
    let request = APIRequest(
      method: .GET, path: resource.path(namespace: namespace, name: name),
      action: "get \(resource.subject(namespace: namespace, name: name))")
    return try decode(Object.self, request, try await send(request))
  }

  /// Every object of a collection, read in pages that belong to one moment.
  ///
  /// The answer is complete or it is an error. When the server no longer has that moment (410 on a later page), the list
  /// begins again once, without pages.
  /// - Parameter namespace: a namespace; `nil` for all of them, and for objects of the cluster.
  public func list<Object>(
    _ resource: Resource<Object>, namespace: String? = nil, _ selection: Selection = .all, pageSize: Int = 500
  ) async throws(KubernetesError) -> ResourceList<Object> {
    do throws(KubernetesError) {
      var list = try await page(resource, namespace: namespace, selection, limit: pageSize)
      while let continuation = list.continuation {
        let next = try await page(
          resource, namespace: namespace, selection, limit: pageSize, continuation: continuation)
        list.items += next.items
        list.continuation = next.continuation
        list.resourceVersion = next.resourceVersion
      }
      list.remaining = nil
      return list
    } catch {
      guard error.kind == .expired else { throw error }
      return try await page(resource, namespace: namespace, selection, limit: nil)
    }
  }

  /// One page of a collection.
  ///
  /// - Parameter limit: at most so many objects; `nil` for all of them.
  /// - Parameter continuation: the ``ResourceList/continuation`` of the page before.
  public func page<Object>(
    _ resource: Resource<Object>, namespace: String? = nil, _ selection: Selection = .all, limit: Int?,
    continuation: String? = nil
  ) async throws(KubernetesError) -> ResourceList<Object> {
    var query = selection.query
    if let limit { query.append(("limit", String(limit))) }
    if let continuation { query.append(("continue", continuation)) }
    let request = APIRequest(
      method: .GET, path: resource.path(namespace: namespace), query: query,
      action: "list \(resource.subject(namespace: namespace))")
    let (body, serverTime) = try await answer(request)
    let answer = try decode(ListAnswer<Object>.self, request, body)
    // What is no list must not pass for an empty one.
    guard let items = answer.items, let version = answer.metadata.resourceVersion, !version.isEmpty else {
      throw KubernetesError(
        .undecodable, action: request.action,
        problem: "the answer is no list: it has no items or no metadata.resourceVersion")
    }
    var list = ResourceList(items: items, resourceVersion: version, serverTime: serverTime)
    list.continuation = answer.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
    list.remaining = answer.metadata.remainingItemCount
    return list
  }
}

private struct ListAnswer<Object: KubernetesObject>: Decodable {
  struct Metadata: Decodable {
    var resourceVersion: String?
    var `continue`: String?
    var remainingItemCount: Int?
  }

  var metadata: Metadata
  var items: [Object]?
}
