// swift-tools-version: 6.2
import PackageDescription

/// Swift as strict as the compiler offers it, and warnings are errors.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Optimised in debug builds too: for tests that compute much, such as models of a whole cluster, and what they run.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
  name: "ipvlan",
  products: [
    .executable(name: "ipvlan", targets: ["ipvlan"]),
    .executable(name: "ipvlanctl", targets: ["ipvlanctl"]),
    // The allocators, for other programs, and for allocators of their own: Sources/IPAM/IPAM.docc.
    .library(name: "IPAM", targets: ["Addressing", "IPAM", "JSON"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    // Leaves: values and libc, no knowledge of networking or CNI.
    .systemLibrary(name: "CLibC"),
    .target(name: "Addressing", dependencies: ["JSON"], swiftSettings: strict),
    .target(name: "CJSON"),
    .target(name: "JSON", dependencies: ["CJSON"], swiftSettings: strict),
    .target(
      name: "Platform", dependencies: ["CLibC"],
      swiftSettings: strict),

    // The kernel.
    .systemLibrary(name: "CLibNL", pkgConfig: "libnl-3.0", providers: [.apt(["libnl-3-dev"])]),
    .target(name: "CNetlink", dependencies: ["CLibNL"]),
    .target(
      name: "Netlink",
      dependencies: [
        "Addressing", "CLibC", "CNetlink", "Platform",
      ], swiftSettings: strict),

    // The protocol.
    .target(
      name: "CNI", dependencies: ["Addressing", "JSON", "Platform"], swiftSettings: strict),

    // The allocators.
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "YAML", dependencies: ["CYAML", "JSON"], swiftSettings: strict),
    .target(name: "CLeaseStore", linkerSettings: [.linkedLibrary("lmdb")]),
    .target(
      name: "IPAM",
      dependencies: ["Addressing", "CLeaseStore", "JSON", "Platform", "YAML"],
      swiftSettings: strict),

    // The plugin, and the two executables.
    .target(
      name: "IPVLAN",
      dependencies: ["Addressing", "CNI", "IPAM", "JSON", "Netlink", "Platform"],
      swiftSettings: strict),
    // Meta plugin over it: the networks that a pod's annotations name.
    .target(
      name: "MultiNetwork",
      dependencies: ["Addressing", "CNI", "IPAM", "IPVLAN", "JSON", "Netlink", "Platform", "YAML"],
      swiftSettings: strict),
    // Not in Sources/ipvlan, which is Sources/IPVLAN where file names are not told apart by case.
    .executableTarget(
      name: "ipvlan", dependencies: ["CNI", "IPVLAN", "MultiNetwork", "Platform"],
      path: "Sources/ipvlan-plugin", swiftSettings: strict),

    // The operator's tool: what it finds and does, and the commands over it.
    .target(
      name: "Operator",
      dependencies: [
        "Addressing", "CNI", "IPAM", "IPVLAN", "JSON", "MultiNetwork", "Netlink", "Platform", "YAML",
      ], swiftSettings: strict),
    .executableTarget(
      name: "ipvlanctl",
      dependencies: [
        "JSON", "Operator", "Platform", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),

    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "AddressingTests", dependencies: ["Addressing", "JSON"], swiftSettings: strict),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "Platform", "TestSupport"], swiftSettings: strict),
    .testTarget(name: "PlatformTests", dependencies: ["Platform"], swiftSettings: strict),
    .testTarget(
      name: "NetlinkTests", dependencies: ["Addressing", "Netlink", "Platform"], swiftSettings: strict),
    .testTarget(
      name: "CNITests", dependencies: ["Addressing", "CNI", "JSON", "Platform"],
      swiftSettings: strict),
    .testTarget(name: "YAMLTests", dependencies: ["JSON", "YAML"], swiftSettings: strict),
    .executableTarget(
      name: "lease-stress", dependencies: ["IPAM", "JSON", "Platform"],
      path: "Tests/LeaseStress", swiftSettings: strict),
    .testTarget(
      name: "IPAMTests",
      dependencies: ["Addressing", "IPAM", "JSON", "Platform", "YAML", "lease-stress"],
      swiftSettings: strict),
    .testTarget(
      name: "IPVLANTests", dependencies: ["CNI", "IPAM", "IPVLAN", "JSON", "Platform"], swiftSettings: strict),
    .testTarget(
      name: "MultiNetworkTests",
      dependencies: ["Addressing", "CNI", "IPAM", "JSON", "MultiNetwork", "Platform"], swiftSettings: strict
    ),
    .testTarget(
      name: "OperatorTests",
      dependencies: ["Addressing", "JSON", "Netlink", "Operator", "Platform"],
      swiftSettings: strict),

    // The plugin as a runtime uses it, on a real kernel. Nothing here links the plugin: it is executed.
    .target(name: "CConformanceSupport", path: "Tests/CConformanceSupport"),
    .target(
      name: "ConformanceSupport",
      dependencies: ["CConformanceSupport", "JSON", "Platform"],
      path: "Tests/ConformanceSupport",
      // The emulated kernel makes all that runs in it several times slower.
      swiftSettings: strict + optimised),
    .testTarget(
      name: "IPVLANConformanceTests", dependencies: ["ConformanceSupport", "JSON", "TestSupport"],
      exclude: ["Help", "Transcripts"],
      swiftSettings: strict),
  ]
)

// What talks to a cluster. Neither the plugin nor the operator's tool depends on any of it: a node without an API server
// attaches pods as before.
package.dependencies += [
  .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
  .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.2"),
  .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
  .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.9.0"),
]
package.products += [.executable(name: "ipvlan-agent", targets: ["ipvlan-agent"])]
package.targets += [
  .target(
    name: "KubernetesClient",
    dependencies: [
      "YAML",
      .product(name: "AsyncHTTPClient", package: "async-http-client"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOHTTP1", package: "swift-nio"),
      .product(name: "NIOPosix", package: "swift-nio"),
      .product(name: "NIOSSL", package: "swift-nio-ssl"),
    ], swiftSettings: strict),
  // What agent and controller share: the cluster's objects, and what any daemon does.
  .target(
    name: "ClusterObjects",
    dependencies: [
      "Addressing", "IPAM", "JSON", "KubernetesClient", "Platform", "YAML",
      .product(name: "Logging", package: "swift-log"),
    ], swiftSettings: strict + optimised),
  .target(
    name: "Daemon",
    dependencies: [
      "KubernetesClient", .product(name: "Hummingbird", package: "hummingbird"),
      .product(name: "Logging", package: "swift-log"), .product(name: "NIOCore", package: "swift-nio"),
    ], swiftSettings: strict),
  // What a node's agent does, what the cluster's controller does, and their executable.
  .target(
    name: "NodeAgent",
    dependencies: [
      "Addressing", "CNI", "ClusterObjects", "Daemon", "IPAM", "JSON", "KubernetesClient", "MultiNetwork",
      "Operator", "Platform", .product(name: "Logging", package: "swift-log"),
      .product(name: "NIOPosix", package: "swift-nio"),
    ], swiftSettings: strict),
  .target(
    name: "ClusterController",
    dependencies: [
      "Addressing", "ClusterObjects", "Daemon", "JSON", "KubernetesClient", "Operator", "YAML",
      .product(name: "Logging", package: "swift-log"),
    ], swiftSettings: strict),
  .executableTarget(
    name: "ipvlan-agent",
    dependencies: [
      "CLibC", "ClusterController", "Daemon", "JSON", "KubernetesClient", "NodeAgent", "Platform", "YAML",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    ], path: "Sources/ipvlan-daemons", swiftSettings: strict),
  .target(
    name: "KubernetesStandIn",
    dependencies: [
      "KubernetesClient",
      .product(name: "Hummingbird", package: "hummingbird"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "Logging", package: "swift-log"),
    ], path: "Tests/KubernetesStandIn", swiftSettings: strict),
  .testTarget(
    name: "KubernetesClientTests",
    dependencies: ["KubernetesClient", "KubernetesStandIn", .product(name: "Logging", package: "swift-log")],
    swiftSettings: strict),
  .target(
    name: "ClusterTestSupport",
    dependencies: ["ClusterObjects", "KubernetesClient", .product(name: "Logging", package: "swift-log")],
    path: "Tests/ClusterTestSupport", swiftSettings: strict),
  .testTarget(
    name: "ClusterObjectsTests",
    dependencies: [
      "Addressing", "ClusterObjects", "ClusterTestSupport", "IPAM", "KubernetesClient", "TestSupport",
    ],
    swiftSettings: strict + optimised),
  .testTarget(
    name: "NodeAgentTests",
    dependencies: [
      "Addressing", "CNI", "ClusterObjects", "ClusterTestSupport", "Daemon", "IPAM", "JSON",
      "KubernetesClient", "KubernetesStandIn", "MultiNetwork", "NodeAgent", "Operator", "Platform",
      .product(name: "Logging", package: "swift-log"),
    ],
    swiftSettings: strict),
  .testTarget(
    name: "ClusterControllerTests",
    dependencies: [
      "Addressing", "ClusterController", "ClusterObjects", "ClusterTestSupport", "Daemon", "JSON",
      "KubernetesClient",
      "KubernetesStandIn", .product(name: "Logging", package: "swift-log"),
    ],
    swiftSettings: strict),
  // Against the API server that scripts/test --kubernetes starts.
  .testTarget(
    name: "KubernetesServerTests",
    dependencies: [
      "ClusterTestSupport", "KubernetesClient", "KubernetesStandIn",
      .product(name: "Logging", package: "swift-log"),
    ],
    swiftSettings: strict),
]
