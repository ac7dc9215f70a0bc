internal import CNI
internal import IPVLAN
internal import MultiNetwork
internal import Platform

/// One executable, several plugins: like busybox it serves what it is called by.
private func serve() -> Int32 {
  let start = MonotonicInstant.now()
  let output = ProcessOutput()
  let name = ProgramName.current() ?? "ipvlan"
  let environment = Environment.current()
  let input = StandardInput()
  if IPAMPlugin.hasName(name) {
    return PluginMain(
      about: "CNI IPAM plugin \(name): addresses from node pools, host-local ranges or a list"
    )
    .serve(environment, verbs: IPAMPlugin(), input: input, output: output)
  }
  if name == MultiNetworkPlugin.name {
    return PluginMain(about: "CNI plugin \(name): attaches pods to the networks that their annotations name")
      .serve(environment, verbs: MultiNetworkPlugin(start: start), input: input, output: output)
  }
  return PluginMain(about: "CNI plugin ipvlan: attaches pods to ipvlan links on the node's NICs")
    .serve(environment, verbs: IPVLANPlugin(start: start), input: input, output: output)
}

ProcessOutput.end(status: serve())
