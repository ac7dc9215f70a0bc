internal import Addressing
internal import CNI
internal import JSON
internal import Netlink

extension Request {
  /// The MAC address that the runtime asks for: `runtimeConfig.mac`, `args.cni.mac`, or MAC of CNI_ARGS.
  /// - Throws: ``CNIError`` with code 4, 6 or 7 for one that cannot be read.
  func requestedMAC() throws(CNIError) -> MACAddress? {
    let expected = "a MAC address such as 02:42:ac:11:00:02"
    do throws(JSONFieldError) {
      for fields in [configuration.runtimeConfig, configuration.arguments] {
        if let mac = try fields?.parsed("mac", expected, MACAddress.init) { return mac }
      }
    } catch {
      throw CNIError(error)
    }
    guard let text = arguments["MAC"] else { return nil }
    guard let mac = MACAddress(text) else {
      throw CNIError(
        code: .invalidEnvironment, message: "CNI_ARGS key MAC with value \"\(text)\" is not \(expected)")
    }
    return mac
  }

  /// Refuses a MAC address that the link cannot have: every ipvlan slave has its master's.
  /// - Throws: ``CNIError`` with code 7 that names both.
  func refuseOtherMAC(than master: Link) throws(CNIError) {
    guard let wanted = try requestedMAC(), wanted != master.mac else { return }
    throw CNIError(
      code: .invalidConfiguration,
      message:
        "MAC address \(wanted) is asked for, but ipvlan links have that of their master: \(master.name) has "
        + (master.mac?.description ?? "none"),
      details: "ask for no MAC address, or use macvlan where the network allows new ones")
  }
}
