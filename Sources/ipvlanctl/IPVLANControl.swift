import ArgumentParser
import Platform

/// The root of the verbs.
struct IPVLANControl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ipvlanctl",
    abstract: "Shows and mends what the ipvlan CNI plugin has made on this node.",
    discussion: """
      Exit status: 0 when all is fine, 1 when something is wrong, 2 for a call that cannot be understood.

      EXAMPLES
        ipvlanctl doctor            what is wrong on this node, with the command that mends it
        ipvlanctl trace web/shop-0  one pod's attachments, step by step
        ipvlanctl links -o json     every ipvlan link, for a program
      """,
    version: ProductVersion.current,
    subcommands: [
      Doctor.self, Trace.self, Links.self, Leases.self, Pools.self, Explain.self, Gc.self, WatchCommand.self,
      FollowCommand.self, Kube.self, Lint.self, Render.self, MetricsCommand.self, BundleCommand.self,
    ])
}
