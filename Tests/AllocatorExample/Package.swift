// swift-tools-version: 6.2
import PackageDescription

// A program of somebody else's with an allocator of its own: it sees the library's public declarations and no others.
let package = Package(
  name: "AllocatorExample",
  dependencies: [.package(name: "ipvlan", path: "../..")],
  targets: [
    .executableTarget(name: "reservations", dependencies: [.product(name: "IPAM", package: "ipvlan")])
  ]
)
