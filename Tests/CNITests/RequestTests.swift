import JSON
import Platform
import Testing

@testable import CNI

/// What is checked before a request is served.
@Suite struct RequestTests {
  private static let configuration = #"{"cniVersion": "1.1.0", "name": "n", "type": "ipvlan"}"#

  private func request(
    _ command: Command = .add, _ changes: [String: String] = [:], _ text: String = configuration
  ) throws -> Request {
    try Request(command, environment(changes), stdin: Array(text.utf8))
  }

  @Test func aCompleteRequestIsRead() throws {
    let request = try request()
    #expect(request.containerID == "c1" && request.netns == "/run/netns/c1" && request.ifname == "eth0")
    #expect(request.path == ["/opt/cni/bin", "/usr/lib/cni"])
    #expect(request.configuration.name == "n" && request.configuration.cniVersion == .v1_1_0)
    #expect(!request.allowsOwnNamespace)
  }

  static let required: [(Command, [String])] = [
    (.add, ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"]),
    (.check, ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"]),
    (.delete, ["CNI_CONTAINERID", "CNI_IFNAME"]),
    (.gc, []), (.status, []), (.version, []),
  ]

  @Test(arguments: required) func allMissingVariablesAreNamedAtOnce(command: Command, names: [String]) {
    let changes = ["CNI_CONTAINERID": "", "CNI_NETNS": "", "CNI_IFNAME": "", "CNI_PATH": ""]
    guard !names.isEmpty else {
      #expect(throws: Never.self) { try request(command, changes) }
      return
    }
    let error = #expect(throws: CNIError.self) { try request(command, changes) }
    #expect(error?.code == .invalidEnvironment)
    #expect(error?.message == "required env variables [\(names.joined(separator: ","))] missing")
  }

  @Test(arguments: ["a", "A1", "0", "a_b.c-d", String(repeating: "f", count: 200)])
  func aContainerIDOfTheseIsFine(text: String) {
    #expect(throws: Never.self) { try request(.add, ["CNI_CONTAINERID": text]) }
  }

  @Test(arguments: ["-a", ".a", "_a", "a/b", "a b", "a\n", "ä", "a:b", "a\0"])
  func anotherContainerIDIsRefused(text: String) {
    let error = #expect(throws: CNIError.self) { try request(.add, ["CNI_CONTAINERID": text]) }
    #expect(error?.code == .invalidEnvironment)
  }

  /// The kernel takes it as a pattern, and makes another name of it.
  @Test(arguments: ["eth%d", "%d", "a%", "%s"]) func anInterfaceNameWithAPercentSignIsRefused(text: String)
    throws
  {
    for command in [Command.add, .check] {
      let error = #expect(throws: CNIError.self) { try request(command, ["CNI_IFNAME": text]) }
      #expect(error?.code == .invalidEnvironment && error?.message.contains(text) == true)
    }
    #expect(try request(.delete, ["CNI_IFNAME": text]).ifname == text)
  }

  @Test func deleteReadsWhatItNeeds() throws {
    let text =
      #"{"name": "n", "type": 5, "ipam": 5, "runtimeConfig": 5, "args": {"cni": 5}, "cni.dev/valid-attachments": 5}"#
    let request = try request(.delete, ["CNI_ARGS": "nonsense;IP=x;FOO=bar;K8S_POD_NAME=web"], text)
    #expect(request.configuration.name == "n" && request.arguments["K8S_POD_NAME"] == "web")
    // What gave addresses is not known: that is another thing than that nobody did.
    #expect(throws: CNIError.self) { try request.configuration.ipamType() }
  }

  @Test func aNamespaceWhosePathIsNoTextIsRefusedAndOneThatIsGoneForDelete() throws {
    var environment = environment()
    environment.set("CNI_NETNS", to: Array("/run/netns/a".utf8) + [0xFF])
    let error = #expect(throws: CNIError.self) {
      try Request(.add, environment, stdin: Array(Self.configuration.utf8))
    }
    #expect(error?.code == .invalidEnvironment && error?.message.contains("CNI_NETNS") == true)
    #expect(try Request(.delete, environment, stdin: Array(Self.configuration.utf8)).netns == nil)
  }

  @Test(arguments: ["e", "eth0", "fifteen-bytes-x", "ä", "..."])
  func anInterfaceNameOfTheseIsFine(text: String) {
    #expect(throws: Never.self) { try request(.add, ["CNI_IFNAME": text]) }
  }

  @Test(arguments: [
    ".", "..", "a/b", "a:b", "a b", "a\tb", "a\u{2028}b", "sixteen-bytes-xx", "ääääääää", "a\u{7F}",
  ])
  func anotherInterfaceNameIsRefused(text: String) {
    let error = #expect(throws: CNIError.self) { try request(.add, ["CNI_IFNAME": text]) }
    #expect(error?.code == .invalidEnvironment)
  }

  @Test(arguments: [
    ("1", true), ("true", true), ("TRUE", true), ("True", true), ("0", false), ("", false), ("yes", false),
  ])
  func theOwnNamespaceIsAllowedOnDemand(value: String, isAllowed: Bool) throws {
    #expect(try request(.add, ["CNI_NETNS_OVERRIDE": value]).allowsOwnNamespace == isAllowed)
  }

  @Test func withoutVersionItIs010() throws {
    #expect(try request(.add, [:], #"{"name": "n"}"#).configuration.cniVersion == .v0_1_0)
  }

  @Test(arguments: ["0.5.0", "2.0.0", "1.1", "x"]) func anUnknownVersionIsNamed(version: String) {
    let error = #expect(throws: CNIError.self) {
      try request(.add, [:], #"{"cniVersion": "\#(version)", "name": "n"}"#)
    }
    #expect(error?.code == .incompatibleVersion)
    #expect(error?.message.contains(version) == true)
    #expect(error?.details.contains("1.1.0") == true)
  }

  @Test(arguments: SpecVersion.allCases, Command.allCases)
  func aCommandNeedsTheVersionThatBroughtIt(version: SpecVersion, command: Command) {
    let first: SpecVersion =
      switch command {
      case .check: .v0_4_0
      case .gc, .status: .v1_1_0
      default: .v0_1_0
      }
    let text = #"{"cniVersion": "\#(version.rawValue)", "name": "n"}"#
    guard version < first else {
      #expect(throws: Never.self) { try request(command, [:], text) }
      return
    }
    let error = #expect(throws: CNIError.self) { try request(command, [:], text) }
    #expect(error?.code == .incompatibleVersion)
  }

  static let wrong: [(String, ErrorCode, String)] = [
    (#"{"cniVersion": 1}"#, .decodingFailure, "cniVersion"),
    (#"{}"#, .invalidConfiguration, "name"),
    (#"{"name": 5}"#, .decodingFailure, "name"),
    (#"{"name": "a/b"}"#, .invalidConfiguration, "a/b"),
    (#"{"name": "n", "type": 5}"#, .decodingFailure, "type"),
    (#"{"name": "n", "ipam": 5}"#, .decodingFailure, "ipam"),
    (#"{"name": "n", "runtimeConfig": []}"#, .decodingFailure, "runtimeConfig"),
    (#"{"name": "n", "args": {"cni": 5}}"#, .decodingFailure, "args.cni"),
    (#"{"name": "n", "cni.dev/valid-attachments": [{}]}"#, .invalidConfiguration, "containerID"),
    (#"{"name": "n", "cni.dev/valid-attachments": 5}"#, .decodingFailure, "cni.dev/valid-attachments"),
    ("[]", .decodingFailure, "an array"),
    ("", .decodingFailure, "JSON"),
    ("{", .decodingFailure, "line 1"),
  ]

  @Test(arguments: wrong.indices) func aWrongConfigurationIsExplained(index: Int) {
    let (text, code, word) = Self.wrong[index]
    let error = #expect(throws: CNIError.self) { try request(.add, [:], text) }
    #expect(error?.code == code)
    #expect(error?.message.contains(word) == true, "\(String(describing: error))")
  }

  @Test func nullCountsAsAbsent() throws {
    let request = try request(.add, [:], #"{"name": "n", "ipam": null, "prevResult": null}"#)
    #expect(request.configuration.ipam == nil)
    #expect(try request.configuration.prevResult() == nil)
  }

  @Test func anAbsentListOfValidAttachmentsIsNotAnEmptyOne() throws {
    let text = #"{"cniVersion": "1.1.0", "name": "n""#
    #expect(try request(.gc, [:], text + "}").configuration.validAttachments == nil)
    let empty = try request(.gc, [:], text + #", "cni.dev/valid-attachments": []}"#)
    #expect(empty.configuration.validAttachments == [])
  }
}
