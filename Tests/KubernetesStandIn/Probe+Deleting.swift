import KubernetesClient

extension Probe {
  static let deleting: [Probe] = [
    Probe("deleting what is not there", "notFound") { probing in
      await probing.outcome { try await probing.delete("absent") }
    },
    Probe("deleting", "ok, then notFound") { probing in
      try await probing.make("a")
      let first = await probing.outcome { try await probing.delete("a") }
      return "\(first), then \(await probing.outcome { _ = try await probing.get("a") })"
    },
    Probe("deleting another identity", "conflict, still there: ok") { probing in
      let old = try await probing.make("a")
      try await probing.delete("a")
      try await probing.make("a")
      let outcome = await probing.outcome {
        try await probing.delete("a", DeletePreconditions(uid: old.metadata.uid))
      }
      return "\(outcome), still there: \(await probing.outcome { _ = try await probing.get("a") })"
    },
    Probe("deleting an older version", "conflict") { probing in
      let old = try await probing.make("a")
      try await probing.patch("a", ["spec": ["size": 2]])
      return await probing.outcome {
        try await probing.delete("a", DeletePreconditions(resourceVersion: old.metadata.resourceVersion))
      }
    },
    Probe("deleting with both conditions right", "ok") { probing in
      let object = try await probing.make("a")
      return await probing.outcome {
        try await probing.delete(
          "a",
          DeletePreconditions(uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion))
      }
    },
    Probe("a finalizer holds an object", "terminating: true, then notFound") { probing in
      try await probing.make("a")
      try await probing.patch("a", ["metadata": ["finalizers": ["example.dev/hold"]]])
      try await probing.delete("a")
      let held = try await probing.get("a").metadata.deletionTimestamp != nil
      try await probing.patch("a", ["metadata": ["finalizers": .null]])
      return "terminating: \(held), then \(await probing.outcome { _ = try await probing.get("a") })"
    },
  ]

  static let watching: [Probe] = [
    Probe("a watch tells of changes in their order", "added a, modified a, deleted a") { probing in
      let version = try await probing.client.list(widgets, namespace: probing.namespace).resourceVersion
      return try await probing.events(3, from: version) {
        try await probing.make("a")
        try await probing.patch("a", ["spec": ["size": 2]])
        try await probing.delete("a")
      }
    },
    Probe("a watch begins with what came after its version", "added a, added b") { probing in
      let version = try await probing.client.list(widgets, namespace: probing.namespace).resourceVersion
      try await probing.make("a")
      try await probing.make("b")
      return try await probing.events(2, from: version)
    },
    Probe("a watch with a selector tells who leaves it", "added a, deleted a") { probing in
      let version = try await probing.client.list(widgets, namespace: probing.namespace).resourceVersion
      return try await probing.events(2, from: version, Selection(labels: "color=red")) {
        try await probing.make("b")
        try await probing.make("a", labels: ["color": "red"])
        try await probing.patch("a", ["metadata": ["labels": ["color": "blue"]]])
      }
    },
    Probe("a watch ends after its time", "") { probing in
      let version = try await probing.client.list(widgets, namespace: probing.namespace).resourceVersion
      return try await probing.events(1, from: version, seconds: 2)
    },
    Probe("a watch from a version of long ago", "expired") { probing in
      await probing.outcome { _ = try await probing.events(1, from: "1", seconds: 3) }
    },
    // As after the server was restored to an older state: it says nothing, and sends no bookmark either.
    Probe("a watch from a version that is still to come", "silence") { probing in
      do {
        _ = try await probing.events(1, from: "9000000000000", seconds: 100, idle: .seconds(5)) {
          try await probing.make("a")
        }
        return "an event"
      } catch let error as KubernetesError where error.kind == .timedOut {
        return "silence"
      }
    },
  ]

  static let refusing: [Probe] = [
    Probe("an object without a name", "invalid") { probing in
      await probing.outcome {
        _ = try await probing.client.create(
          widgets,
          UnstructuredObject(metadata: ObjectMetadata(namespace: probing.namespace), fields: ["spec": [:]]))
      }
    }
  ]
}
