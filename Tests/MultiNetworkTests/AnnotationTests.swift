import Addressing
import CNI
import IPAM
import JSON
import MultiNetwork
import Testing

/// The forms of the annotations that name networks.
@Suite struct AnnotationTests {
  private func read(_ text: String) throws -> [NetworkSelection] {
    try NetworkAnnotation(NetworkAnnotation.networks, text, of: "pod shop/web").selections(in: "shop")
  }

  private func failure(_ text: String) -> CNIError? {
    do throws(CNIError) {
      _ = try NetworkAnnotation(NetworkAnnotation.networks, text, of: "pod shop/web").selections(in: "shop")
      return nil
    } catch {
      return error
    }
  }

  private func name(_ text: String) throws -> NetworkName { try #require(NetworkName(text, in: "shop")) }

  @Test(
    arguments: [
      ("ens6", ["shop/ens6"], [nil]),
      ("default/ipvlan-ens6", ["default/ipvlan-ens6"], [nil]),
      ("default/ipvlan-ens6@second", ["default/ipvlan-ens6"], ["second"]),
      (" a , b/c@x ,\td@y ", ["shop/a", "b/c", "shop/d"], [nil, "x", "y"]),
      ("a.b-c/", [], []), ("", [], []), ("  ", [], []), ("[]", [], []),
    ] as [(String, [String], [String?])])
  func aListOfWordsIsRead(text: String, names: [String], interfaces: [String?]) throws {
    guard text != "a.b-c/" else { return #expect(failure(text) != nil) }
    let selections = try read(text)
    #expect(selections.map { "\($0.name)" } == names)
    #expect(selections.map(\.interface) == interfaces)
  }

  @Test func aListOfObjectsIsRead() throws {
    let selections = try read(
      """
      [{"name": "a"},
       {"name": "b", "namespace": "default", "interface": "data0", "ips": ["10.0.0.5", "10.0.0.6/24", "2001:db8::5/64"],
        "mac": "02:00:00:00:00:05", "default-route": ["10.0.0.1", "2001:db8::1"], "cni-args": {"key": {"deep": [1]}},
        "portMappings": [{"hostPort": 80}], "bandwidth": {"ingressRate": 1}},
       {"name": "c", "default-route": []}]
      """)
    try #require(selections.count == 3)
    #expect(try selections[0] == NetworkSelection(name("a")))
    let second = selections[1]
    #expect(try second.name == name("default/b"))
    #expect(second.interface == "data0")
    #expect(second.ips.map(\.description) == ["10.0.0.5", "10.0.0.6/24", "2001:db8::5/64"])
    #expect(second.mac == MACAddress("02:00:00:00:00:05"))
    #expect(second.defaultRoute?.map(\.description) == ["10.0.0.1", "2001:db8::1"])
    #expect(second.arguments?["key"]?.object?["deep"]?.array?.count == 1)
    #expect(second.portMappings?.array?.count == 1)
    #expect(second.bandwidth?.object?["ingressRate"]?.int == 1)
    #expect(selections[2].defaultRoute == [])
  }

  /// Each is refused with words that say which annotation, whose, and what is wrong in it.
  @Test(arguments: [
    ("a,,b", ["\"\""]), ("a,", ["\"\""]), ("a/b/c", ["\"a/b/c\""]), ("a@b@c", ["\"a@b@c\""]),
    ("a@", ["\"a@\""]),
    ("Upper", ["\"Upper\""]), ("a b", ["\"a b\""]), ("-a", ["\"-a\""]), ("../x", ["\"../x\""]),
    ("a_b", ["\"a_b\""]),
    ("{\"name\": \"a\"}", ["an object", "list"]), ("[\"a\"]", ["[0]", "a string"]),
    ("[{\"name\": ", ["no JSON"]),
    ("[{}]", ["[0].name", "required"]), ("[{\"name\": 7}]", ["[0].name", "7"]),
    ("[{\"name\": \"a/b\"}]", ["[0].name", "a/b"]),
    ("[{\"name\": \"a\", \"namespace\": \"B\"}]", ["[0].namespace", "B"]),
    ("[{\"name\": \"a\", \"ips\": \"10.0.0.1\"}]", ["[0].ips", "array"]),
    ("[{\"name\": \"a\", \"ips\": [\"10.0.0\"]}]", ["[0].ips[0]", "10.0.0"]),
    ("[{\"name\": \"a\", \"mac\": \"zz\"}]", ["[0].mac", "zz"]),
    ("[{\"name\": \"a\"}, {\"name\": \"b\", \"default-route\": [\"x\"]}]", ["[1].default-route[0]"]),
    (
      "[{\"name\": \"a\", \"default-route\": [\"10.0.0.1\", \"10.0.0.2\"]}]",
      ["default-route", "one default route"]
    ),
    ("[{\"name\": \"a\", \"interfaces\": \"x\"}]", ["[0].interfaces", "not known"]),
    ("[{\"name\": \"a\", \"infiniband-guid\": \"x\"}]", ["[0].infiniband-guid", "not supported"]),
    ("[{\"name\": \"a\", \"deviceID\": \"0000:00:1f.0\"}]", ["[0].deviceID", "not supported"]),
    ("[{\"name\": \"a\", \"ipam-claim-reference\": \"x\"}]", ["[0].ipam-claim-reference", "not supported"]),
  ])
  func whatIsWrongIsNamed(text: String, words: [String]) throws {
    let error = try #require(failure(text))
    #expect(error.code == .invalidConfiguration || error.code == .unsupportedField)
    for word in [NetworkAnnotation.networks, "pod shop/web"] + words {
      #expect(error.message.contains(word), "\(word) is not in: \(error.message)")
    }
    #expect(error.details.contains(text))
  }

  @Test(arguments: ["a", "a-b", "a.b", "default/a", "0/0"]) func aNameIsTaken(text: String) {
    #expect(NetworkName(text, in: "shop") != nil)
  }

  @Test(arguments: ["", "/", "a/", "/a", "a/b/c", "a..b", "a.-b", "A", "a_b", "a\u{301}", "a\n"])
  func whatTheAPIServerWouldNotTakeIsNoName(text: String) { #expect(NetworkName(text, in: "shop") == nil) }

  @Test func namesHaveAnEnd() {
    let label = String(repeating: "a", count: 63)
    #expect(
      NetworkName("\(label)/\(label).\(label).\(label).\(String(repeating: "a", count: 61))", in: "") != nil)
    #expect(NetworkName("\(label)a/b", in: "") == nil)
    #expect(NetworkName("\(label).\(label).\(label).\(label)", in: "shop") == nil)
  }
}
