import JSON
import Testing

@testable import IPVLAN

/// ADD and DEL agree on which pods are behind the fence.
@Suite struct FenceTests {
  @Test(arguments: [
    #"{}"#, #"{"mode":""}"#, #"{"mode":"l2"}"#, #"{"mode":"l3"}"#, #"{"mode":"l3s"}"#,
    #"{"mode":"l3","hostAccess":true}"#, #"{"mode":"l3s","linkInContainer":true}"#,
    #"{"mode":"l3s","hostAccess":false}"#,
  ])
  func deleteTakesOutWhatAddPutsBehindIt(text: String) throws {
    let fields = JSONFields(try #require(try JSONValue(parsing: Array(text.utf8)).object))
    #expect(Fence.mayEnclose(fields) == Fence.encloses(try PluginConfiguration(checking: fields)))
  }

  @Test(arguments: [#"{"mode":"L3"}"#, #"{"mode":3}"#, #"{"mtu":"x"}"#, #"{"hostAccess":1}"#])
  func whereTheKeysCannotBeReadAPodMayBeBehindIt(text: String) throws {
    #expect(Fence.mayEnclose(JSONFields(try #require(try JSONValue(parsing: Array(text.utf8)).object))))
  }
}
