internal import Hummingbird
internal import KubernetesClient
internal import NIOCore

extension StandIn {
  func watch(_ request: ParsedRequest, _ fault: Fault?) async -> Response {
    do {
      if request.sendsInitialEvents { return try await streamedList(request, fault) }
      guard let start = Int(request.query["resourceVersion"] ?? "") else {
        return failure(
          StandInStore.UserError(code: 400, reason: "BadRequest", message: "invalid resource version"))
      }
      _ = try await store.collection(request.collection)
      let run = await store.run
      return following(fault) { writer in
        try await self.stream(request, from: start, run: run, &writer)
      }
    } catch {
      return failure(error)
    }
  }

  /// A watch that begins with the collection.
  private func streamedList(
    _ request: ParsedRequest, _ fault: Fault?
  ) async throws(StandInStore.UserError) -> Response {
    guard state.withLock({ $0.streamsLists }) else {
      // As 1.20 says it.
      throw StandInStore.UserError(
        code: 422, reason: "Invalid",
        message:
          "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch"
      )
    }
    let list = try await store.list(
      request.collection, namespace: request.namespace, selects: request.selects, limit: nil,
      continuation: nil)
    let version = list["metadata"]?["resourceVersion"]?.string ?? ""
    let run = await store.run
    return following(fault, beginning: list["items"]?.array ?? []) { writer in
      for line in self.state.withLock({ $0.linesBeforeEnd }) {
        try await writer.write(ByteBuffer(string: line + "\n"))
      }
      let end: FieldValue = ["k8s.io/initial-events-end": "true"]
      try await self.write(
        [
          "type": "BOOKMARK",
          "object": ["metadata": ["resourceVersion": .string(version), "annotations": end]],
        ],
        &writer)
      try await self.stream(request, from: Int(version) ?? 0, run: run, &writer)
    }
  }

  /// The answer to a watch: objects that it begins with, then the fault that was ordered, or else what `rest` writes.
  private func following(
    _ fault: Fault?, beginning: [FieldValue] = [],
    _ rest: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
  ) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody { writer in
        for object in beginning { try await self.write(["type": "ADDED", "object": object], &writer) }
        switch fault {
        case .end?: break
        case .silence?:
          try await writer.write(ByteBuffer())
          try await Task.sleep(for: .seconds(3600))
        case .line(let text)?: try await writer.write(ByteBuffer(string: text + "\n"))
        case .cut(let bytes)?:
          // The beginning of an event, and no end.
          let whole = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"cut\"}}}"
          try await writer.write(ByteBuffer(string: String(whole.prefix(bytes))))
        default: try await rest(&writer)
        }
        try await writer.finish(nil)
      })
  }

  private func stream(
    _ request: ParsedRequest, from start: Int, run: Int, _ writer: inout any ResponseBodyWriter
  ) async throws {
    let end = ContinuousClock.now + .seconds(Int(request.query["timeoutSeconds"] ?? "") ?? 300)
    var position = start
    var marked = ContinuousClock.now
    var told = start
    // The head goes out with the first byte.
    try await writer.write(ByteBuffer(string: "\n"))
    while ContinuousClock.now < end {
      guard let changes = await store.changes(request.collection, after: position, epoch: run) else {
        if await store.wasRestored { return }
        let refusal = StandInStore.UserError(
          code: 410, reason: "Expired", message: "too old resource version: \(position)")
        try await write(["type": "ERROR", "object": status(refusal)], &writer)
        return
      }
      for change in changes {
        position = change.version
        told = max(told, position)
        if let event = event(change, request) { try await write(event, &writer) }
      }
      // A watch is told of no version twice, and from a version that is still to come of nothing before it.
      let current = await store.version
      if request.query["allowWatchBookmarks"] == "true", current > told,
        ContinuousClock.now - marked > .milliseconds(500)
      {
        (marked, told) = (.now, current)
        let version = FieldValue.string(String(current))
        try await write(
          ["type": "BOOKMARK", "object": ["metadata": ["resourceVersion": version]]], &writer)
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// What a change is to a watch with a selector.
  private func event(_ change: StandInStore.Change, _ request: ParsedRequest) -> FieldValue? {
    guard request.namespace == nil || change.object["metadata"]?["namespace"]?.string == request.namespace
    else {
      return nil
    }
    let was = change.before.map(request.selects) ?? false
    let isNow = change.kind != .deleted && request.selects(change.object)
    let type =
      switch (was, isNow) {
      case (false, true): "ADDED"
      case (true, true): "MODIFIED"
      case (true, false): "DELETED"
      case (false, false): ""
      }
    return type.isEmpty ? nil : ["type": .string(type), "object": change.object]
  }

  private func write(_ value: FieldValue, _ writer: inout any ResponseBodyWriter) async throws {
    var buffer = ByteBuffer(bytes: json(value))
    buffer.writeString("\n")
    try await writer.write(buffer)
  }

  private func failure(_ refusal: StandInStore.UserError) -> Response {
    Response(
      status: .init(code: refusal.code), headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: json(status(refusal)))))
  }
}
