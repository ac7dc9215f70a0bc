import ArgumentParser
import Operator

do {
  var command = try IPVLANControl.parseAsRoot()
  try command.run()
} catch {
  CommandOutput.finish(error)
}
