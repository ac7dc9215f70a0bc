/// Something did not come about in time.
package struct NotWithin: Error, CustomStringConvertible {
  package var description: String

  package init(description: String) { self.description = description }
}

/// Waits until something holds, for as long as a busy machine may take.
package func eventually(
  _ what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while !(try await condition()) {
    guard ContinuousClock.now < end else { throw NotWithin(description: "not within \(limit): \(what)") }
    try await Task.sleep(for: .milliseconds(10))
  }
}
