import CNI
import JSON
import MultiNetwork
import Testing

/// Which networks a pod gets, and by which interfaces.
@Suite struct ChoiceTests {
  private func choose(
    _ annotations: [String: String], _ keys: JSONObject = [:]
  ) throws(CNIError) -> [PodNetworks.Network] {
    var configuration: JSONObject = ["defaultNetwork": .string("default/ipvlan-ens5")]
    for (key, value) in keys.members { configuration[key] = value }
    let read: MultiConfiguration
    do throws(JSONFieldError) { read = try MultiConfiguration(JSONFields(configuration)) } catch {
      throw CNIError(error)
    }
    return try PodNetworks(ifname: "eth0", configuration: read, pod: ("shop", "pod shop/web")) {
      annotations[$0]
    }.all
  }

  private func failure(_ annotations: [String: String]) -> CNIError? {
    do throws(CNIError) {
      _ = try choose(annotations)
      return nil
    } catch {
      return error
    }
  }

  private func summary(_ networks: [PodNetworks.Network]) -> [String] {
    networks.map { "\($0.interface)=\($0.selection.name)\($0.isDefault ? " default" : "")" }
  }

  @Test func withoutAnnotationsThereIsTheDefaultNetwork() throws {
    #expect(try summary(choose([:])) == ["eth0=default/ipvlan-ens5 default"])
  }

  @Test func aBareNameLiesWhereMultusLooksForIt() throws {
    #expect(try summary(choose([:], ["defaultNetwork": .string("a")])) == ["eth0=kube-system/a default"])
    let keys: JSONObject = ["defaultNetwork": .string("a"), "multusNamespace": .string("default")]
    #expect(try summary(choose([:], keys)) == ["eth0=default/a default"])
    #expect(
      try summary(
        choose(["v1.multus-cni.io/default-network": "b", "k8s.v1.cni.cncf.io/networks": "c"], keys))
        == ["eth0=default/b default", "net1=shop/c"])
  }

  @Test func theAnnotationsAreBothHonoured() throws {
    let networks = try choose([
      "v1.multus-cni.io/default-network": "default/ipvlan-ens6",
      "k8s.v1.cni.cncf.io/networks": "a,default/b@data0,c",
    ])
    #expect(
      summary(networks) == [
        "eth0=default/ipvlan-ens6 default", "net1=shop/a", "data0=default/b", "net3=shop/c",
      ])
  }

  @Test func aDefaultNetworkMayBeAnObjectAndAskForThings() throws {
    let networks = try choose([
      "v1.multus-cni.io/default-network": #"[{"name": "a", "namespace": "n", "ips": ["10.0.0.5"]}]"#
    ])
    #expect(summary(networks) == ["eth0=n/a default"])
    #expect(networks.first?.selection.ips.count == 1)
  }

  @Test(arguments: [
    ("k8s.v1.cni.cncf.io/networks", "a@eth0", ["shop/a", "the default network", "eth0"]),
    ("k8s.v1.cni.cncf.io/networks", "a@x,b@x", ["shop/a", "shop/b", "interface x"]),
    ("k8s.v1.cni.cncf.io/networks", "a@net2,b", ["shop/a", "shop/b", "interface net2"]),
    ("k8s.v1.cni.cncf.io/networks", "a@sixteen-letters0", ["shop/a", "sixteen-letters0"]),
    ("k8s.v1.cni.cncf.io/networks", "a@eth%d", ["shop/a", "eth%d"]),
    ("k8s.v1.cni.cncf.io/networks", "a@x:y", ["shop/a", "x:y"]),
    ("k8s.v1.cni.cncf.io/networks", #"[{"name": "a", "interface": ".."}]"#, ["shop/a", ".."]),
    ("v1.multus-cni.io/default-network", "a,b", ["2 networks"]),
    ("v1.multus-cni.io/default-network", "a@net1", ["net1", "eth0"]),
    (
      "k8s.v1.cni.cncf.io/networks", (1...17).map { "n\($0)" }.joined(separator: ","),
      ["17 networks", "16"]
    ),
    (
      "k8s.v1.cni.cncf.io/networks",
      #"[{"name": "a", "default-route": ["10.0.0.1"]}, {"name": "b", "default-route": []}]"#,
      ["shop/a", "shop/b", "default route"]
    ),
  ])
  func whatCannotBeServedIsNamed(key: String, text: String, words: [String]) throws {
    let error = try #require(failure([key: text]))
    for word in [key, "pod shop/web"] + words {
      #expect(error.message.contains(word), "\(word) is not in: \(error.message)")
    }
  }

  @Test func gatewaysOfTwoFamiliesMayBelongToTwoNetworks() throws {
    let networks = try choose([
      "k8s.v1.cni.cncf.io/networks":
        #"[{"name": "a", "default-route": ["10.0.0.1"]}, {"name": "b", "default-route": ["2001:db8::1"]}]"#
    ])
    #expect(networks.count == 3)
  }

  @Test(
    arguments: [
      (["defaultNetwork": nil], "defaultNetwork"), (["defaultNetwork": .string("a/b/c")], "a/b/c"),
      (["defaultNetwork": .array([])], "must be a string"), (["runDir": .string("run")], "runDir"),
      (["dataDir": .string("x")], "dataDir"), (["confDir": .string("x")], "confDir"),
      (["multusNamespace": .string("A")], "multusNamespace"),
    ] as [([String: JSONValue?], String)])
  func aKeyThatIsWrongIsNamed(keys: [String: JSONValue?], word: String) {
    var configuration: JSONObject = ["defaultNetwork": .string("default/a")]
    for (key, value) in keys { configuration[key] = value }
    #expect {
      _ = try MultiConfiguration(JSONFields(configuration))
    } throws: { error in "\(error)".contains(word) }
  }
}
