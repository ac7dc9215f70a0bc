import CLibC
import Platform

/// One file, two programs: agent and controller share the libraries that are most of either.
@main enum Daemons {
  static func main() async {
    // A list of a thousand pools takes megabytes for a moment, on whatever thread. One heap gives them back to the next
    // list; by default glibc has a heap for each thread, eight times as many as CPUs at most: 36 MiB instead of 13.
    _ = mallopt(M_ARENA_MAX, 1)
    switch ProgramName.current() {
    case "ipvlan-controller": await IPVLANController.main()
    default: await IPVLANAgent.main()
    }
  }
}
