import JSON
import Testing

@testable import IPVLAN

/// ADD and DEL agree on which pods are behind the fence, and which have host access.
@Suite struct FenceTests {
  private func fields(_ text: String) throws -> JSONFields {
    JSONFields(try #require(try JSONValue(parsing: Array(text.utf8)).object))
  }

  @Test(arguments: [
    #"{}"#, #"{"mode":""}"#, #"{"mode":"l2"}"#, #"{"mode":"l3"}"#, #"{"mode":"l3s"}"#,
    #"{"mode":"l3","hostAccess":true}"#, #"{"mode":"l3s","linkInContainer":true}"#,
    #"{"mode":"l3s","hostAccess":false}"#,
  ])
  func deleteLooksForWhatAddMakes(text: String) throws {
    let configuration = try PluginConfiguration(checking: fields(text))
    let traces = PossibleTraces(try fields(text), nil)
    if configuration.hasHostAccess { #expect(traces.areAny && traces.hasHostAccess != false) }
    if Fence.encloses(configuration) { #expect(traces.areAny && traces.hasHostAccess != true) }
  }

  @Test(arguments: [#"{"mode":"l2"}"#, #"{"mode":"l3s","linkInContainer":true}"#])
  func deleteLooksForNothingWhereAddMakesNothing(text: String) throws {
    #expect(!PossibleTraces(try fields(text), nil).areAny)
  }

  /// Also where the mode is missing, which is l2 for ADD: a caller may have lost it.
  @Test(arguments: [#"{}"#, #"{"mode":"L3"}"#, #"{"mode":3}"#, #"{"mode":"l3s","hostAccess":1}"#])
  func whatTheKeysDoNotTellIsLookedFor(text: String) throws {
    let traces = PossibleTraces(try fields(text), nil)
    #expect(traces.areAny && traces.hasHostAccess == nil)
  }
}
