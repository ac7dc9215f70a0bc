import ArgumentParser
import Operator
import Platform

struct FollowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "follow", abstract: "Keeps host access whole while the node's NICs and addresses change.",
    discussion: """
      Listens to the kernel. When a master comes back up, or gets or loses an address, its routes and rules are made \
      as they have to be at once; without it the next pod on the master does that. Tells each thing that it mends. \
      The package runs it as a service. Ends on ^C.

      EXAMPLES
        ipvlanctl follow
        systemctl status ipvlan-follow
      """)

  func run() throws {
    let keeper = try HostAccessKeeper { line in Output.write(Array("\(line)\n".utf8)) }
    while true { keeper.step() }
  }
}
