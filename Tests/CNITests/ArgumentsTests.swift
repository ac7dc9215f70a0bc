import Testing

@testable import CNI

/// CNI_ARGS.
@Suite struct ArgumentsTests {
  @Test func pairsAreRead() throws {
    let arguments = try CNIArguments("IP=10.0.0.5;K8S_POD_NAME=web=1;GATEWAY=")
    #expect(arguments["IP"] == "10.0.0.5")
    #expect(arguments["K8S_POD_NAME"] == "web=1")
    #expect(arguments["GATEWAY"] == nil)
    #expect(arguments["MAC"] == nil)
  }

  @Test(arguments: ["", ";", ";;"]) func nothingIsNoArgument(text: String) throws {
    #expect(try CNIArguments(text) == CNIArguments())
  }

  @Test func kubernetesArgumentsAreKnown() throws {
    let text = "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=d"
    #expect(try CNIArguments(text)["K8S_POD_UID"] == "d")
  }

  @Test(arguments: ["1", "true", "TRUE", "True", "t", "T"])
  func unknownKeysAreFineOnDemand(value: String) throws {
    #expect(try CNIArguments("FOO=bar;IgnoreUnknown=\(value)")["FOO"] == "bar")
  }

  @Test(arguments: ["FOO=bar", "FOO=bar;IgnoreUnknown=0", "FOO=bar;IgnoreUnknown=yes"])
  func unknownKeysAreNamedOtherwise(text: String) {
    let error = #expect(throws: CNIError.self) { try CNIArguments(text) }
    #expect(error?.code == .invalidEnvironment)
    #expect(error?.message.contains("FOO") == true && error?.message.contains("bar") == true)
  }

  @Test(arguments: ["nonsense", "IP=1;nonsense", "=value"])
  func whatIsNoPairIsNamed(text: String) {
    let error = #expect(throws: CNIError.self) { try CNIArguments(text) }
    #expect(error?.code == .invalidEnvironment)
    #expect(error?.details.contains(text) == true)
  }
}
