import JSON
import Platform
import Testing

@testable import CNI

/// From environment and input to exit status and output.
@Suite struct PluginMainTests {
  private let main = PluginMain(about: "a plugin")
  private static let configuration = #"{"cniVersion": "1.0.0", "name": "n", "type": "ipvlan"}"#

  private func reply(
    _ changes: [String: String] = [:], _ input: String = configuration,
    _ verbs: RecordingPlugin = RecordingPlugin()
  ) -> PluginMain.Reply {
    main.reply(to: environment(changes), verbs: verbs, input: GivenInput(input))
  }

  private func document(_ reply: PluginMain.Reply) throws -> JSONObject {
    try #require(try JSONValue(parsing: reply.output).object)
  }

  @Test func withoutCommandItIntroducesItself() {
    let reply = reply(["CNI_COMMAND": ""])
    #expect(reply.status == 0 && reply.output.isEmpty)
    #expect(
      reply.remarks
        == "a plugin\nCNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n")
  }

  @Test func anUnknownCommandIsNamed() throws {
    let reply = reply(["CNI_COMMAND": "ATTACH"])
    #expect(reply.status == 1)
    #expect(try document(reply)["code"]?.int == 4)
    #expect(try document(reply)["msg"]?.string?.contains("ATTACH") == true)
  }

  @Test(arguments: [
    ("", "1.1.0"), ("nonsense", "1.1.0"), (#"{"cniVersion": "0.3.1"}"#, "0.3.1"), ("{}", "0.1.0"),
    (#"{"cniVersion": "9.0.0"}"#, "1.1.0"),
  ])
  func versionEchoesTheInputsVersion(input: String, version: String) throws {
    let reply = reply(["CNI_COMMAND": "VERSION"], input)
    #expect(reply.status == 0)
    #expect(
      try document(reply)
        == [
          "cniVersion": .string(version),
          "supportedVersions": .array(SpecVersion.allCases.map { .string($0.rawValue) }),
        ])
  }

  @Test func addAnswersWithTheResultInTheConfigurationsVersion() throws {
    let verbs = RecordingPlugin()
    verbs.result.interfaces = [.init(name: "eth0", mtu: 1500)]
    let reply = reply([:], Self.configuration, verbs)
    #expect(reply.status == 0 && verbs.commands == [.add])
    #expect(
      try document(reply) == [
        "cniVersion": .string("1.0.0"), "interfaces": .array([.object(["name": .string("eth0")])]),
      ])
    #expect(reply.output.last == 0x0A)
  }

  @Test(arguments: [Command.delete, .check, .gc, .status]) func theOthersAreSilent(command: Command) {
    let verbs = RecordingPlugin()
    let reply = reply(
      ["CNI_COMMAND": command.rawValue], #"{"cniVersion": "1.1.0", "name": "n"}"#, verbs)
    #expect(reply == PluginMain.Reply(status: 0))
    #expect(verbs.commands == [command])
  }

  @Test(arguments: ["ADD", "DEL", "CHECK"]) func anErrorIsADocumentInTheConfigurationsVersion(command: String)
    throws
  {
    let verbs = RecordingPlugin()
    verbs.failure = CNIError(code: .ioFailure, message: "it broke", details: "for a reason")
    let reply = reply(["CNI_COMMAND": command], Self.configuration, verbs)
    #expect(reply.status == 1)
    #expect(
      try document(reply)
        == [
          "cniVersion": .string("1.0.0"), "code": .int(5), "msg": .string("it broke"),
          "details": .string("for a reason"),
        ])
  }

  @Test func emptyDetailsAreLeftOut() {
    let object = CNIError(code: .ioFailure, message: "it broke").json(version: .latest).object
    #expect(object?["details"] == nil)
  }

  @Test func nothingIsServedWhenTheInputIsWrong() throws {
    for input in ["", "nonsense", "[]", "{}", #"{"name": "n", "cniVersion": "9"}"#] {
      let verbs = RecordingPlugin()
      let reply = reply([:], input, verbs)
      #expect(reply.status == 1 && verbs.commands.isEmpty)
      #expect(try document(reply)["code"]?.int != nil)
    }
  }

  @Test func anInputThatIsTooLargeIsRefused() throws {
    let reply = reply([:], String(repeating: " ", count: PluginMain.maximumInput + 1))
    #expect(try document(reply)["code"]?.int == 6)
    #expect(try document(reply)["msg"]?.string?.contains("16 MiB") == true)
  }

  private func serve(_ command: String, _ verbs: RecordingPlugin, _ output: GivenOutput) -> Int32 {
    main.serve(
      environment(["CNI_COMMAND": command]), verbs: verbs, input: GivenInput(Self.configuration),
      output: output)
  }

  @Test(arguments: [Errno.noSpace, .badFileDescriptor, .brokenPipe])
  func anAddWhoseResultCannotBeWrittenIsTakenBack(failure: Errno) {
    let (verbs, output) = (RecordingPlugin(), GivenOutput(failure: failure))
    #expect(serve("ADD", verbs, output) == 1)
    #expect(verbs.commands == [.add, .delete])
    #expect(output.remarks.contains("\(failure)") && output.remarks.contains("eth0 of container c1"))
    #expect(output.remarks.hasSuffix("was taken back\n"))
  }

  @Test func anErrorThatCannotBeWrittenTakesNothingBack() {
    let (verbs, output) = (RecordingPlugin(), GivenOutput(failure: .noSpace))
    verbs.failure = CNIError(code: .ioFailure, message: "it broke")
    #expect(serve("ADD", verbs, output) == 1 && verbs.commands == [.add])
  }

  @Test func aVersionThatCannotBeWrittenIsNoSuccess() {
    let output = GivenOutput(failure: .noSpace)
    #expect(serve("VERSION", RecordingPlugin(), output) == 1 && output.remarks.contains("VERSION"))
  }

  @Test(arguments: ["DEL", "CHECK"]) func whatHasNothingToSayNeedsNoOutput(command: String) {
    let output = GivenOutput(failure: .badFileDescriptor)
    #expect(serve(command, RecordingPlugin(), output) == 0 && output.remarks.isEmpty)
  }

  @Test func anInputThatCannotBeReadIsAnIOFailure() throws {
    var input = GivenInput("")
    input.failure = .ioError
    let reply = main.reply(to: environment(), verbs: RecordingPlugin(), input: input)
    #expect(try document(reply)["code"]?.int == 5)
  }
}
