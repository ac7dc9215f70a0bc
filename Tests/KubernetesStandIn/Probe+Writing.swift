import KubernetesClient

extension Probe {
  static let writing: [Probe] = [
    Probe("a name that is taken", "alreadyExists") { probing in
      try await probing.make("a")
      return await probing.outcome { try await probing.make("a") }
    },
    Probe("replacing", "size 2, generation 2, version changed: true") { probing in
      var object = try await probing.make("a")
      let version = object.metadata.resourceVersion
      object["spec"] = ["size": 2]
      let new = try await probing.client.replace(widgets, object)
      return "size \(new["spec"]?["size"]?.integer ?? 0), generation \(new.metadata.generation ?? 0),"
        + " version changed: \(new.metadata.resourceVersion != version)"
    },
    Probe("replacing an older version", "conflict") { probing in
      let object = try await probing.make("a")
      try await probing.patch("a", ["spec": ["size": 3]])
      return await probing.outcome { _ = try await probing.client.replace(widgets, object) }
    },
    Probe("replacing without a version", "invalid") { probing in
      var object = try await probing.make("a")
      object.metadata.resourceVersion = nil
      return await probing.outcome { [object] in _ = try await probing.client.replace(widgets, object) }
    },
    Probe("replacing without a version, of the core group", "ok") { probing in
      var map = UnstructuredObject(metadata: ObjectMetadata(name: "m", namespace: probing.namespace))
      map["data"] = ["key": "1"]
      _ = try await probing.client.create(configMaps, map)
      map["data"] = ["key": "2"]
      return await probing.outcome { [map] in _ = try await probing.client.replace(configMaps, map) }
    },
    Probe("replacing what is not there", "notFound") { probing in
      var object = probing.widget("absent")
      object.metadata.resourceVersion = "1"
      return await probing.outcome { [object] in _ = try await probing.client.replace(widgets, object) }
    },
    Probe("a patch that changes nothing", "same version: true, generation 1") { probing in
      let object = try await probing.make("a")
      let same = try await probing.patch("a", ["spec": ["size": 1]])
      return "same version: \(same.metadata.resourceVersion == object.metadata.resourceVersion),"
        + " generation \(same.metadata.generation ?? 0)"
    },
    Probe("a patch merges, and null removes", "size 1, color -, note x") { probing in
      try await probing.make("a", ["size": 1, "color": "red"])
      let object = try await probing.patch(
        "a", ["spec": ["color": .null], "metadata": ["annotations": ["note": "x"]]])
      return
        "size \(object["spec"]?["size"]?.integer ?? 0), color \(object["spec"]?["color"]?.string ?? "-"),"
        + " note \(object.metadata.annotations?["note"] ?? "-")"
    },
    Probe("labels alone leave the generation", "generation 1") { probing in
      try await probing.make("a")
      let object = try await probing.patch("a", ["metadata": ["labels": ["color": "red"]]])
      return "generation \(object.metadata.generation ?? 0)"
    },
    Probe("a patch on an older version", "conflict") { probing in
      let old = try await probing.make("a")
      try await probing.patch("a", ["spec": ["size": 2]])
      let version = FieldValue.string(old.metadata.resourceVersion ?? "")
      return await probing.outcome {
        try await probing.patch("a", ["metadata": ["resourceVersion": version], "spec": ["size": 3]])
      }
    },
    Probe("a patch for another identity", "invalid") { probing in
      try await probing.make("a")
      return await probing.outcome {
        try await probing.patch("a", ["metadata": ["uid": "12345678-1234-1234-1234-123456789012"]])
      }
    },
    Probe("null in a patch, of what is there and of what is not", "color -, phase -") { probing in
      try await probing.make("a")
      try await probing.patch("a", ["spec": ["color": "red"]])
      try await probing.patch("a", ["spec": ["color": .null]])
      let object = try await probing.patch("a", ["status": ["phase": .null]], subresource: .status)
      return "color \(text(object["spec"]?["color"])), phase \(text(object["status"]?["phase"]))"
    },
    Probe("a patch of what is not there", "notFound") { probing in
      await probing.outcome { try await probing.patch("absent", ["spec": ["size": 2]]) }
    },
  ]

  static let statusAndApply: [Probe] = [
    Probe("a status in a new object", "status: -") { probing in
      var object = probing.widget("a")
      object["status"] = ["phase": "Ready"]
      return "status: \(try await probing.client.create(widgets, object)["status"]?["phase"]?.string ?? "-")"
    },
    Probe("a status by the object", "status: -") { probing in
      try await probing.make("a")
      let object = try await probing.patch("a", ["status": ["phase": "Ready"]])
      return "status: \(object["status"]?["phase"]?.string ?? "-")"
    },
    Probe("a status by /status", "status: Ready, size 1, generation 1") { probing in
      try await probing.make("a")
      let object = try await probing.patch(
        "a", ["status": ["phase": "Ready"], "spec": ["size": 9]], subresource: .status)
      return
        "status: \(object["status"]?["phase"]?.string ?? "-"), size \(object["spec"]?["size"]?.integer ?? 0),"
        + " generation \(object.metadata.generation ?? 0)"
    },
    Probe("a status replaced at an older version", "conflict") { probing in
      let old = try await probing.make("a")
      try await probing.patch("a", ["spec": ["size": 2]])
      return await probing.outcome {
        _ = try await probing.client.replace(widgets, old, subresource: .status)
      }
    },
    Probe("applying makes and changes", "size 1, then 2, generation 2") { probing in
      let first = try await probing.client.apply(widgets, probing.widget("a"), manager: "one")
      let second = try await probing.client.apply(widgets, probing.widget("a", ["size": 2]), manager: "one")
      return "size \(first["spec"]?["size"]?.integer ?? 0), then \(second["spec"]?["size"]?.integer ?? 0),"
        + " generation \(second.metadata.generation ?? 0)"
    },
    Probe("applying over another manager", "conflict, by force 3") { probing in
      _ = try await probing.client.apply(widgets, probing.widget("a"), manager: "one")
      let other = probing.widget("a", ["size": 3])
      let outcome = await probing.outcome {
        _ = try await probing.client.apply(widgets, other, manager: "two")
      }
      let forced = try await probing.client.apply(widgets, other, manager: "two", force: true)
      return "\(outcome), by force \(forced["spec"]?["size"]?.integer ?? 0)"
    },
    Probe("applying less removes what was applied", "color -, size 1") { probing in
      _ = try await probing.client.apply(
        widgets, probing.widget("a", ["size": 1, "color": "red"]), manager: "one")
      let object = try await probing.client.apply(widgets, probing.widget("a", ["size": 1]), manager: "one")
      return "color \(object["spec"]?["color"]?.string ?? "-"), size \(object["spec"]?["size"]?.integer ?? 0)"
    },
    Probe("applying a status", "status: Ready") { probing in
      try await probing.make("a")
      let object = try await probing.client.apply(
        widgets,
        UnstructuredObject(
          metadata: ObjectMetadata(name: "a", namespace: probing.namespace),
          fields: ["status": ["phase": "Ready"]]),
        manager: "one", subresource: .status)
      return "status: \(object["status"]?["phase"]?.string ?? "-")"
    },
  ]
}

private func text(_ value: FieldValue?) -> String { value.map { "\($0)" } ?? "-" }
