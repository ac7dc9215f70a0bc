package import KubernetesClient

/// The times of a daemon's reflectors. Tests shorten them.
package struct ReflectorTimes: Sendable {
  package var watchSeconds = 240...480
  package var idleLimit: Duration = .seconds(120)
  package var relistSpread: Duration = .seconds(10)
  package var backoff = Backoff()

  /// The times of the contract.
  package init() {}

  /// The same for a reflector of some kind of objects.
  package func options<Object>(_: Object.Type) -> Reflector<Object>.Options {
    var options = Reflector<Object>.Options()
    options.watchSeconds = watchSeconds
    options.idleLimit = idleLimit
    options.relistSpread = relistSpread
    options.backoff = backoff
    return options
  }
}
