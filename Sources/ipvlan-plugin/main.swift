internal import CNI
internal import IPVLAN
internal import Platform

/// One executable, several plugins: like busybox it serves what it is called by.
private func serve() -> Int32 {
  let start = MonotonicInstant.now()
  let output = ProcessOutput()
  let name = ProgramName.current() ?? "ipvlan"
  let environment = Environment.current()
  return IPAMPlugin.names.contains(name)
    ? PluginMain(about: "CNI IPAM plugin \(name): addresses from node pools, host-local ranges or a list")
      .serve(environment, verbs: IPAMPlugin(), input: StandardInput(), output: output)
    : PluginMain(about: "CNI plugin ipvlan: attaches pods to ipvlan links on the node's NICs")
      .serve(environment, verbs: IPVLANPlugin(start: start), input: StandardInput(), output: output)
}

ProcessOutput.end(status: serve())
