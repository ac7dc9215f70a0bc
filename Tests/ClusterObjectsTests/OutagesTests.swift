import KubernetesClient
import Testing

@testable import ClusterObjects

@Suite struct OutagesTests {
  private func failing(_ collection: String, _ cause: String = "s cannot be reached", since second: Int = 0)
    -> (
      collection: String, failure: Feed.Failure
    )
  {
    let since = Timestamp(seconds: second)
    return (
      collection,
      .init(problem: "cannot watch \(collection): \(cause)", cause: cause, since: since, isTransient: true)
    )
  }

  @Test("a server that is away is told once, and that it is back once, with all that was kept")
  func server() {
    var outages = Outages()
    #expect(
      outages.note([failing("a", since: 9)]) == [
        .init(
          level: .warning, text: "cannot watch a: s cannot be reached; it is tried again until it succeeds")
      ])
    #expect(outages.note([failing("a", since: 9), failing("b", since: 5)]).isEmpty)
    #expect(outages.has("s cannot be reached"))
    #expect(outages.note([failing("b", since: 5)]).isEmpty)
    #expect(
      outages.note([]) == [
        .init(
          level: .info,
          text: "2 collections are followed again, for the first time since 1970-01-01T00:00:05Z: a, b")
      ])
    #expect(outages.note([]).isEmpty)
    #expect(!outages.has("s cannot be reached"))
  }

  @Test("another cause is told, and what it keeps is not followed again")
  func change() {
    var outages = Outages()
    _ = outages.note([failing("a"), failing("b")])
    #expect(
      outages.note([failing("a", "403"), failing("b", "403")]) == [
        .init(level: .warning, text: "cannot watch a: 403; it is tried again until it succeeds")
      ])
    #expect(
      outages.note([failing("b", "401")]).map(\.text) == [
        "cannot watch b: 401; it is tried again until it succeeds",
        "a is followed again, for the first time since 1970-01-01T00:00:00Z",
      ])
  }

  @Test("what an administrator can do is told where it is known")
  func remedy() {
    func line(_ kind: KubernetesError.Kind, _ problem: String) -> String? {
      var feed = Feed()
      feed.note(
        ReflectorEvent<UnstructuredObject>.failed(
          KubernetesError(kind, action: "watch a", problem: problem), retry: .seconds(1)))
      var outages = Outages()
      return feed.failure.flatMap { outages.note([("a", $0)]).first?.text }
    }
    #expect(
      line(.unauthorized, "401")
        == "cannot watch a: 401; it is tried again until it succeeds; make a new token, or a new certificate, for the kubeconfig"
    )
    #expect(
      line(.forbidden, "403")
        == "cannot watch a: 403; it is tried again until it succeeds; apply ipvlan.yaml, or the chart, of this version again: its roles allow it"
    )
    #expect(line(.timedOut, "no answer") == "cannot watch a: no answer; it is tried again until it succeeds")
  }
}
