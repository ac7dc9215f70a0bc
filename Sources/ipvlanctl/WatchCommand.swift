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

  func run() throws {
    let (format, screen) = (listing.output, Screen.standardOutput())
    let watch = try Watch { events in
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
