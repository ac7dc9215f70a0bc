@testable import Netlink

/// Datagrams of the kernel: cut, overlong and looping ones are read to their end.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let request = NetlinkRequest.link(index: 1)
  for message in ReceivedMessage.all(in: bytes) {
    _ = Link(message)
    _ = InterfaceAddress(message)
    _ = Route(message)
    var outcome = Outcome()
    outcome.take(message, of: request)
    _ = outcome.error?.description
  }
  return 0
}
