import JSON
import Platform

@testable import CNI
@testable import IPVLAN

/// The document on stdin: whatever it holds, an error or a request, never a crash; and what is read is written
/// so that it reads the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard let value = try? JSONValue(parsing: bytes) else { return 0 }
  for indented in [false, true] {
    precondition((try? JSONValue(parsing: value.serialized(indented: indented))) == value)
  }
  let environment = Environment([
    "CNI_CONTAINERID": "c", "CNI_NETNS": "/run/netns/p", "CNI_IFNAME": "eth0", "CNI_PATH": "/nowhere",
  ])
  for command in [Command.add, .delete, .check, .gc, .status] {
    guard let request = try? Request(command, environment, stdin: bytes) else { continue }
    _ = try? Adder(request, log: .discarding())
    _ = try? Checker(request, log: .discarding())
    _ = try? StatusProbe(request, log: .discarding())
    guard let result = try? request.configuration.prevResult() else { continue }
    for version in SpecVersion.allCases { checkRoundTrip(result, version) }
  }
  return 0
}

/// What a version can say of a result survives being written and read.
private func checkRoundTrip(_ result: CNIResult, _ version: SpecVersion) {
  let written = result.json(version: version)
  guard let object = written.object, let read = try? CNIResult(JSONFields(object)) else {
    preconditionFailure("a written result cannot be read: \(version)")
  }
  precondition(read.json(version: version) == written)
}
