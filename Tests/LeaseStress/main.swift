// Processes that allocate and release at once, and die at any moment, while it is watched that no address is given
// twice and none is lost.
//
//   lease-stress DIRECTORY PROCESSES SECONDS KILLS    all of it; the last line sums up, the status is 0 when all was well
//   lease-stress worker DIRECTORY NUMBER SECONDS      one of the processes
//   lease-stress birth DIRECTORY ROUNDS               kills processes while they make the store

import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
do {
  switch (arguments.first, arguments.count) {
  case ("worker", 4): try Worker(Site(arguments[1]), number: number(2), seconds: number(3)).run()
  case ("birth", 3):
    try Supervisor(Site(arguments[1]), processes: 4, seconds: 1).killAtBirth(rounds: number(2))
  case (_, 4):
    let supervisor = try Supervisor(Site(arguments[0]), processes: number(1), seconds: number(2))
    try supervisor.run(kills: number(3))
  default:
    print("usage: lease-stress DIRECTORY PROCESSES SECONDS KILLS")
    exit(2)
  }
} catch {
  print("FAILED: \(error)")
  exit(1)
}

func number(_ position: Int) -> Int { Int(arguments[position]) ?? 0 }
