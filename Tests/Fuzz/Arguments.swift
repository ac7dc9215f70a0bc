@testable import CNI

/// CNI_ARGS: an error or pairs, never a crash.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  guard let arguments = try? CNIArguments(text) else { return 0 }
  for key in ["IP", "MAC", "K8S_POD_NAME"] { precondition(arguments[key] != "") }
  return 0
}
