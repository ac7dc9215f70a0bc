import JSON
import Testing
import YAML

/// Objects of documents: lists of every kind, and what every object has.
@Suite struct KubernetesObjectTests {
  private func objects(_ text: String) throws -> [Result<KubernetesObject, JSONFieldError>] {
    try #require(YAMLText.documents(in: Array(text.utf8)).first).get().objects
  }

  @Test(arguments: [
    ("kind: List\nitems: [{kind: A}, {kind: B}]", ["A", "B"], ["items[0]", "items[1]"]),
    (
      "kind: ThingList\nitems: [{}, {metadata: {}}, {kind: B}]", ["-", "Thing", "B"],
      ["items[0]", "items[1]", "items[2]"]
    ),
    (
      "kind: List\nitems: [{kind: List, items: [{kind: A}]}, {kind: B}]", ["A", "B"],
      ["items[0].items[0]", "items[1]"]
    ),
    ("kind: List\nitems: []", [], []),
    ("kind: List\nitems:", [], []),
    ("kind: AllowList\nspec: {}", ["AllowList"], [""]),
    ("kind: List\nitems: [1]", ["-"], ["items[0]"]),
  ])
  func listsAreTakenApart(text: String, kinds: [String], paths: [String]) throws {
    let objects = try objects(text).map { try $0.get() }
    #expect(objects.map { $0.kind ?? "-" } == kinds)
    #expect(objects.map(\.fields.path) == paths)
  }

  @Test func anItemOfATypedListHasTheListsVersion() throws {
    let object = try #require(
      objects("apiVersion: g/v1\nkind: ThingList\nitems: [{metadata: {name: a}}]").first
    ).get()
    try object.requireGroup("g", version: "v1")
    #expect(throws: JSONFieldError.self) { try object.requireGroup("h", version: "v1") }
  }

  @Test(arguments: [
    "kind: List", "kind: List\nitems: {}", "kind: List\nitems: []\nitmes: []", "- a", "just text",
  ])
  func whatIsNoObjectIsTold(text: String) throws {
    let object = try #require(objects(text).first)
    #expect(throws: JSONFieldError.self) { try object.get() }
  }

  @Test(arguments: [
    ("kind: A\ndisable: true", "disable"),
    ("kind: A\nmetadata: {name: a, nodeName: [b]}", "metadata.nodeName"),
  ])
  func whatStandsOneLevelTooHighIsTold(text: String, path: String) throws {
    let object = try #require(objects(text).first).get()
    let error = #expect(throws: JSONFieldError.self) { try object.refuseUnknownKeys() }
    #expect(error?.path == path)
  }

  @Test(arguments: ["../a", "a/b", "A", "", ".", "..", "-a", "a_b", "123", "${NIC}"])
  func namesAreThoseOfKubernetes(name: String) throws {
    let object = try objects("metadata: {name: \"\(name)\"}").first?.get()
    #expect((try? object?.name()) == (name == "123" ? name : nil))
  }

  @Test(arguments: ["123", "true", "1.5", "~", "[a]"])
  func aNameThatIsNoTextIsRefused(value: String) throws {
    let object = try #require(objects("metadata: {name: \(value)}").first).get()
    let error = #expect(throws: JSONFieldError.self) { try object.name() }
    #expect(error?.path == "metadata.name")
  }
}
