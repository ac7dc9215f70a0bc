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
    #expect(traces.hasHostAccess == (text == "{}" ? nil : configuration.hasHostAccess))
    switch configuration.nodeAccess {
    case .open, .fenced: #expect(traces.areAny(behind: configuration.mode) && traces.mayBeLeft)
    case .separate: break
    }
  }

  @Test(arguments: [#"{"mode":"l2"}"#, #"{}"#, #"{"master":"ens5"}"#, #"{"mode":"","mtu":9001}"#])
  func deleteLooksForNothingWhereAddMakesNothing(text: String) throws {
    #expect(!PossibleTraces(try fields(text)).areAny(behind: .l2))
  }

  /// Its link would tell that the master is in the pod.
  @Test func deleteLooksForNothingOfAPodWithItsOwnMasterWhoseLinkIsGone() throws {
    #expect(!PossibleTraces(try fields(#"{"mode":"l3s","linkInContainer":true}"#)).mayBeLeft)
  }

  /// Somebody has given the links of the master another mode since, or edited that of the configuration.
  @Test func theLinksOwnModeCounts() throws {
    #expect(PossibleTraces(try fields(#"{"mode":"l2"}"#)).areAny(behind: .l3))
    #expect(PossibleTraces(try fields(#"{"mode":"l3"}"#)).areAny(behind: .l2))
    #expect(PossibleTraces(try fields(#"{"mode":"l2"}"#)).mayBeLeft)
  }

  /// Where none of the plugin's keys is there they may have been lost.
  @Test(arguments: [
    #"{}"#, #"{"mode":"L3","hostAccess":"yes"}"#, #"{"mode":3,"hostAccess":1}"#,
    #"{"mode":"l3s","hostAccess":1}"#,
  ])
  func whatTheKeysDoNotTellIsLookedFor(text: String) throws {
    let traces = PossibleTraces(try fields(text))
    #expect(traces.areAny(behind: .l3s) && traces.mayBeLeft && traces.hasHostAccess == nil)
  }
}
