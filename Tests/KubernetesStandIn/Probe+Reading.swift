import KubernetesClient

extension Probe {
  static let reading: [Probe] = [
    Probe("an object that is not there", "notFound") { probing in
      await probing.outcome { _ = try await probing.get("absent") }
    },
    Probe("a collection that is not there", "notFound") { probing in
      let absent = Resource<UnstructuredObject>(
        group: "example.dev", version: "v1", plural: "gadgets", kind: "Gadget", isNamespaced: true)
      return await probing.outcome { _ = try await probing.client.list(absent, namespace: probing.namespace) }
    },
    Probe("an empty collection", "0 items, with a version") { probing in
      let list = try await probing.client.list(widgets, namespace: probing.namespace)
      return "\(list.items.count) items, \(list.resourceVersion.isEmpty ? "without" : "with") a version"
    },
    Probe(
      "what the server adds to an object", "name: a, uid: true, version: true, generation: 1, created: true"
    ) {
      probing in
      let metadata = try await probing.make("a").metadata
      return
        "name: \(metadata.name ?? ""), uid: \(metadata.uid != nil), version: \(metadata.resourceVersion != nil),"
        + " generation: \(metadata.generation ?? 0), created: \(metadata.creationTimestamp != nil)"
    },
    Probe("pages of two of five objects", "a b, 3 left; c d, 1 left; e, 0 left; one version: true") {
      probing in
      for name in ["e", "c", "a", "d", "b"] { try await probing.make(name) }
      var pages: [String] = []
      var versions: Set<String> = []
      var continuation: String?
      repeat {
        let page = try await probing.client.page(
          widgets, namespace: probing.namespace, limit: 2, continuation: continuation)
        pages.append(
          "\(page.items.compactMap(\.metadata.name).joined(separator: " ")), \(page.remaining ?? 0) left")
        versions.insert(page.resourceVersion)
        continuation = page.continuation
        // Does not belong to the moment of the first page.
        if pages.count == 1 { try await probing.make("z") }
      } while continuation != nil
      return "\(pages.joined(separator: "; ")); one version: \(versions.count == 1)"
    },
    Probe("a list in pages, as a whole", "25") { probing in
      for number in 0..<25 { try await probing.make("w\(number)") }
      return
        "\(try await probing.client.list(widgets, namespace: probing.namespace, pageSize: 10).items.count)"
    },
    // Servers before 1.34 refuse it, and those that have an etcd before 3.4.31; then the collection is read in pages.
    Probe("a collection as the beginning of a watch", "added a, added b, complete, added c, or refused") {
      probing in
      try await probing.make("a")
      try await probing.make("b")
      do {
        let events = try await probing.events(4, from: nil) {
          try await Task.sleep(for: .seconds(2))
          try await probing.make("c")
        }
        return "\(events), or refused"
      } catch let error as KubernetesError
        where error.kind == .invalid || error.kind == .badRequest || error.status?.code == 500
      {
        return "added a, added b, complete, added c, or refused"
      }
    },
    Probe("labels and fields select", "red: a; not red: b; by name: b") { probing in
      try await probing.make("a", labels: ["color": "red"])
      try await probing.make("b", labels: ["color": "blue"])
      let names = { (selection: Selection) in
        try await probing.client.list(widgets, namespace: probing.namespace, selection).items
          .compactMap(\.metadata.name).joined(separator: " ")
      }
      return "red: \(try await names(Selection(labels: "color=red")));"
        + " not red: \(try await names(Selection(labels: "color!=red")));"
        + " by name: \(try await names(Selection(fields: "metadata.name=b")))"
    },
  ]
}
