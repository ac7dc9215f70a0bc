import Platform

/// One file, two programs: what agent and controller are built on is most of either.
@main enum Daemons {
  static func main() async {
    switch ProgramName.current() {
    case "ipvlan-controller": await IPVLANController.main()
    default: await IPVLANAgent.main()
    }
  }
}
