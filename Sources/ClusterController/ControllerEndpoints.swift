internal import Daemon
internal import Logging
internal import Operator

extension EndpointServer {
  /// That of a controller. One that does not lead is ready to.
  init(_ leader: Leader, _ options: ControllerOptions, _ log: Logger) {
    self.init(
      "ipvlan-controller", at: options.listen, log: log, problems: { await leader.core?.problems ?? [] },
      metrics: {
        var metrics = MetricsText()
        metrics.add(
          "ipvlan_controller_info", "gauge", "The controller's version.",
          [.init([("version", options.version)], 1)])
        let core = leader.core
        metrics.add(
          "ipvlan_controller_leads", "gauge", "Whether this process leads.", [.init([], core == nil ? 0 : 1)])
        guard let core else { return metrics.text }
        let counts = await core.counts
        metrics.add(
          "ipvlan_controller_objects", "gauge", "Objects of a collection.",
          counts.map { .init([("collection", $0.collection)], $0.objects) })
        metrics.add(
          "ipvlan_controller_followed", "gauge", "Whether a collection of the API server is followed.",
          counts.map { .init([("collection", $0.collection)], $0.isFollowed ? 1 : 0) })
        metrics.add(
          "ipvlan_controller_failing", "gauge", "Objects that cannot be written at the moment.",
          [.init([], await core.failing)])
        return metrics.text
      })
  }
}
