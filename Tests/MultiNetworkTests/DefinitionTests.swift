import CNI
import JSON
import MultiNetwork
import Platform
import Testing

/// The configurations of networks, from files.
@Suite struct DefinitionTests {
  /// A directory of its own, and the definitions in it.
  private final class Place {
    let directory = "/tmp/multi-network-\(MonotonicInstant.now().mark)"
    var definitions: NetworkDefinitions {
      NetworkDefinitions(runDirectory: directory, confDirectory: "\(directory)/net.d")
    }

    init() throws {
      try Files.makeDirectory("\(directory)/networks")
      try Files.makeDirectory("\(directory)/net.d")
    }

    deinit {
      for part in ["networks", "net.d"] {
        for name in (try? Files.names(in: "\(directory)/\(part)")) ?? [] {
          try? Files.remove("\(directory)/\(part)/\(name)")
        }
      }
    }

    func write(_ path: String, _ text: String) throws {
      try Files.replace("\(directory)/\(path)", with: Array(text.utf8))
    }

    func list(_ name: String, orOfNode: Bool = false) throws -> NetworkList {
      try definitions.list(try #require(NetworkName(name, in: "")), orOfNode: orOfNode)
    }

    func failure(_ name: String) -> CNIError? {
      do { _ = try list(name) } catch { return error as? CNIError }
      return nil
    }
  }

  private func document(_ config: String, name: String = "a", annotations: String = "{}") -> String {
    let text = String(decoding: JSONValue.string(config).serialized(), as: UTF8.self)
    return
      #"{"metadata": {"namespace": "default", "name": "\#(name)", "annotations": \#(annotations)}, "spec": {"config": \#(text)}}"#
  }

  @Test func aPluginAloneIsAListOfOneAndTakesTheDefinitionsName() throws {
    let place = try Place()
    try place.write(
      "networks/default_a.json", document(#"{"cniVersion": "1.0.0", "type": "ipvlan", "master": "ens5"}"#))
    let list = try place.list("default/a")
    #expect(list.name == "a")
    #expect(list.types == ["ipvlan"])
    #expect(list.version == .v1_0_0)
    #expect(list.plugins[0]["master"]?.string == "ens5")
  }

  @Test func aListIsRead() throws {
    let place = try Place()
    try place.write(
      "networks/default_a.json",
      document(
        #"{"cniVersion": "0.4.0", "cniVersions": ["1.0.0", "1.1.0", "9.9.9"], "name": "lan", "disableCheck": "true", "plugins": [{"type": "ipvlan"}, {"type": "tuning"}]}"#
      ))
    let list = try place.list("default/a")
    #expect(list.name == "lan")
    #expect(list.types == ["ipvlan", "tuning"])
    #expect(list.version == .v1_1_0)
    #expect(list.isCheckDisabled && !list.isGarbageCollectionDisabled)
  }

  @Test func anEmptyConfigurationMeansTheNodesOwnNetworkOfThatName() throws {
    let place = try Place()
    try place.write("networks/default_a.json", #"{"metadata": {"namespace": "default", "name": "a"}}"#)
    #expect(try #require(place.failure("default/a")).message.contains("spec.config is empty"))
    try place.write("net.d/05-broken.conf", "{")
    try place.write("net.d/10-b.conflist", #"{"name": "b", "plugins": [{"type": "bridge"}]}"#)
    try place.write("net.d/20-a.conf", #"{"name": "a", "type": "macvlan"}"#)
    #expect(try place.list("default/a").types == ["macvlan"])
    #expect(place.failure("default/b") != nil)
    #expect(try place.list("kube-system/b", orOfNode: true).types == ["bridge"])
  }

  @Test(arguments: [
    ("{", "no JSON"), (#"{"type": "x", "cniVersion": "7"}"#, "cniVersion"),
    (#"{"cniVersion": "1.0.0"}"#, "type"),
    (#"{"plugins": []}"#, "plugins"), (#"{"plugins": [{}]}"#, "plugins[0].type"),
    (#"[]"#, "must be an object"),
    (#"{"type": "x", "name": "a b"}"#, "name"),
  ])
  func aConfigurationThatCannotBeUsedIsNamedWithItsDefinition(config: String, word: String) throws {
    let place = try Place()
    try place.write("networks/default_a.json", document(config))
    let error = try #require(place.failure("default/a"))
    #expect(error.code == .invalidConfiguration)
    #expect(error.message.contains("NetworkAttachmentDefinition default/a"))
    #expect(error.message.contains(word), "\(error)")
  }

  @Test func aFileOfAnotherDefinitionIsRefused() throws {
    let place = try Place()
    try place.write("networks/default_a.json", document(#"{"type": "x"}"#, name: "b"))
    #expect(try #require(place.failure("default/a")).message.contains("metadata.name"))
  }

  @Test func aNetworkThatWantsADeviceIsRefusedByName() throws {
    let place = try Place()
    try place.write(
      "networks/default_a.json",
      document(#"{"type": "x"}"#, annotations: #"{"k8s.v1.cni.cncf.io/resourceName": "intel.com/sriov"}"#))
    #expect(try #require(place.failure("default/a")).message.contains("k8s.v1.cni.cncf.io/resourceName"))
  }

  @Test func beforeTheAgentHasWrittenAnythingTheAnswerIsToTryAgain() throws {
    let place = try Place()
    #expect(place.failure("default/a")?.code == .invalidConfiguration)
    let nowhere = NetworkDefinitions(runDirectory: "/nowhere", confDirectory: "/nowhere")
    let name = try #require(NetworkName("default/a", in: ""))
    #expect {
      _ = try nowhere.list(name)
    } throws: { error in (error as? CNIError)?.code == .tryAgainLater }
  }
}
