internal import CNI
internal import IPVLAN
internal import Platform

// One executable, several plugins: like busybox it serves what it is called by.
let start = MonotonicInstant.now()
let name = ProgramName.current() ?? "ipvlan"
let environment = Environment.current()
let reply =
  IPAMPlugin.names.contains(name)
  ? PluginMain(about: "CNI IPAM plugin \(name): addresses from node pools, host-local ranges or a list")
    .reply(to: environment, verbs: IPAMPlugin(), input: StandardInput())
  : PluginMain(about: "CNI plugin ipvlan: attaches pods to ipvlan links on the node's NICs")
    .reply(to: environment, verbs: IPVLANPlugin(start: start), input: StandardInput())
ProcessOutput.finish(output: reply.output, remarks: reply.remarks, status: reply.status)
