import ArgumentParser
import Operator
import Platform

struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Shows ipvlan links, their addresses and routes as they change.",
    discussion: """
      Begins with what is there (=), then tells what is added (+), changed (~) and removed (-), in all network \
      namespaces. When there are more changes than can be told, it says so (!) and looks again. Ends on ^C.

      EXAMPLES
        ipvlanctl watch
        ipvlanctl watch -o json | jq -r 'select(.change == "removed").text'
      """)

  @OptionGroup var listing: ListingOptions

  @Option(
    help: ArgumentHelp(
      "After so many seconds namespaces are looked for even when nothing tells of a new one.",
      valueName: "seconds"))
  var rescan = 1

  func validate() throws {
    guard (1...86400).contains(rescan) else {
      throw ValidationError("--rescan \(rescan): takes 1 to 86400 seconds")
    }
  }

  func run() throws {
    let (format, screen) = (listing.output, Screen.standardOutput())
    let watch = try Watch(rescanAfterSeconds: rescan) { events in
      for event in events {
        switch format {
        case .table: Output.write(Array(event.line(for: screen).rendered.utf8))
        case .json: Output.write(event.json)
        }
      }
    }
    while true { watch.step() }
  }
}
