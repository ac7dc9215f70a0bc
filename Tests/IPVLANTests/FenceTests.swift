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
    let traces = PossibleTraces(try fields(text))
    if configuration.hasHostAccess { #expect(traces.areAny(behind: nil) && traces.hasHostAccess != false) }
    if configuration.nodeAccess == .fenced {
      #expect(traces.areAny(behind: nil) && traces.hasHostAccess != true)
    }
  }

  @Test(arguments: [
    #"{"mode":"l2"}"#, #"{"mode":"l3s","linkInContainer":true}"#, #"{"master":"ens5"}"#,
    #"{"mode":"","mtu":9001}"#,
  ])
  func deleteLooksForNothingWhereAddMakesNothing(text: String) throws {
    #expect(!PossibleTraces(try fields(text)).areAny(behind: nil))
  }

  /// Somebody has given the links of the master another mode since.
  @Test func theLinksOwnModeCounts() throws {
    #expect(PossibleTraces(try fields(#"{"mode":"l2"}"#)).areAny(behind: .l3))
    #expect(PossibleTraces(try fields(#"{"mode":"l3"}"#)).areAny(behind: .l2))
    #expect(!PossibleTraces(try fields("{}")).areAny(behind: .l2))
  }

  /// Where none of the plugin's keys is there they may have been lost.
  @Test(arguments: [
    #"{}"#, #"{"mode":"L3","hostAccess":"yes"}"#, #"{"mode":3,"hostAccess":1}"#,
    #"{"mode":"l3s","hostAccess":1}"#,
  ])
  func whatTheKeysDoNotTellIsLookedFor(text: String) throws {
    let traces = PossibleTraces(try fields(text))
    #expect(traces.areAny(behind: nil) && traces.hasHostAccess == nil)
  }
}
