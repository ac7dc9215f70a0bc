import Foundation
import KubernetesClient
import Testing

@testable import ClusterObjects

/// What a node waits for before it relies on the others' reports, and when others may rely on its own.
@Suite struct ContinuityWaitTests {
  private func moment(_ seconds: Int) -> Timestamp { Looking.moment(seconds) }
  private func own(_ version: Int) -> ObjectMetadata { Looking.own(version) }
  private func report(_ node: String, followedSince: Int? = nil, lostState: Int? = nil) -> NodeProgress {
    Looking.report(node, followedSince: followedSince, lostState: lostState)
  }
  private static let waiting = "the API server was restored to an older state: the other nodes are waited for"

  @Test("after a loss the grace is waited for, then each node until it has looked since")
  func loss() {
    var node = Looking.loser()
    let all = [report("n2", followedSince: 98), report("n3", followedSince: 500)]
    for seconds in [130, 189] { #expect(node.obstacle(all, at: seconds) == (Self.waiting, false)) }
    #expect(node.continuity.isPatient(at: node.after(189)))
    #expect(!node.continuity.isPatient(at: node.after(190)))
    for late in [report("n3", followedSince: 97), report("n3")] {
      let text = node.obstacle([all[0], late, report("n4")], at: 9000).text ?? ""
      #expect(text.contains("restored to an older state, and node n3 has not reported since"), "\(text)")
      #expect(text.contains("kubectl delete ipvlannode n3"), "\(text)")
    }
    var alone = node
    #expect(alone.obstacle([], at: 190) == (nil, false))
    #expect(node.obstacle(all, at: 190) == (nil, false))
  }

  @Test("a node that had addresses, and that a restored server does not know, is waited for as any other")
  func forgotten() throws {
    var node = Looking.follower()
    node.continuity.note(holders: ["n3", "n2"])
    node.continuity.note(holders: ["n3", "n4", "n5"])
    #expect(node.continuity.seen.holders == ["n3", "n4", "n5"])
    node.note(101, at: 98)
    node.interrupt(at: 100)
    node.continuity.note(holders: [])
    #expect(node.look(50, own(40), at: 130) == .lost)
    // The server says that there is nobody else.
    node.continuity.note(holders: [])
    #expect(node.obstacle([], at: 189) == (Self.waiting, false))
    let n2 = report("n2", followedSince: 98)
    let text = node.obstacle([n2], at: 190).text ?? ""
    #expect(text.contains("does not know node n3, whose pods had addresses"), "\(text)")
    // The run after knows it too.
    node.continuity = Continuity(
      mark: try JSONDecoder().decode(
        Continuity.Mark.self, from: try JSONEncoder().encode(node.continuity.seen)),
      grace: .seconds(60))
    #expect(node.look(60, own(40), at: 9000) == .whole)
    node.continuity.note(holders: [])
    func waits(_ others: NodeProgress..., for name: String) -> Bool {
      node.obstacle([n2] + others, at: 9100).text?.contains(" node \(name)") ?? false
    }
    #expect(waits(for: "n3"))
    // It reports, and whoever deletes its report says that it is gone.
    #expect(waits(report("n3"), for: "n3 has not reported since"))
    #expect(waits(for: "n4"))
    // It was gone already. Once it reports, it counts as any other.
    let gone = NodeProgress(node: "n4", pools: [], held: nil, isGone: true)
    #expect(waits(gone, for: "n5"))
    #expect(node.obstacle([n2, gone, report("n5", followedSince: 98)], at: 9100) == (nil, false))
    #expect(node.continuity.seen.settled == moment(98))
    node.continuity.note(holders: ["n6"])
    #expect(node.continuity.seen.holders == ["n6"])
  }

  @Test("the command for a node that is gone makes a report that nobody waits for, until an agent reports")
  func gone() throws {
    let remedy = NodeProgress.remedy(forMissing: "n3")
    let json = try #require(remedy.split(separator: "'", maxSplits: 2).dropFirst().first)
    var report = try JSONDecoder().decode(UnstructuredObject.self, from: Data(json.utf8))
    #expect(NodeProgress(report).node == "n3")
    #expect(NodeProgress(report).isGone)
    report["status"] = ["machineID": "m"]
    #expect(!NodeProgress(report).isGone)
    #expect(!NodeProgress(UnstructuredObject(metadata: ObjectMetadata(name: "n3"))).isGone)
  }

  @Test("when all nodes have looked since a loss, reports that come later are not from before it")
  func settled() {
    var node = Looking.loser()
    let (all, new) = ([report("n2", followedSince: 98)], report("n4"))
    #expect(node.obstacle(all, at: 189) == (Self.waiting, false))
    #expect(node.continuity.seen.settled == nil)
    #expect(node.obstacle(all + [new], at: 190).text?.contains("node n4 has not") ?? false)
    #expect(node.continuity.seen.settled == nil)
    #expect(node.obstacle(all, at: 190) == (nil, false))
    #expect(node.continuity.seen.settled == moment(98))
    #expect(node.obstacle(all + [new], at: 200) == (nil, false))
    node.restart(at: 1000)
    #expect(node.look(60, own(40), at: 1000) == .whole)
    #expect(node.obstacle(all + [new], at: 1000) == (nil, false))
    var other = node
    // The next one.
    node.note(70, at: 1098)
    node.interrupt(at: 1100)
    #expect(node.look(65, own(40), at: 1130) == .lost)
    #expect(node.obstacle([report("n2", followedSince: 1100)], at: 1189) == (Self.waiting, false))
    let text = node.obstacle([report("n2", followedSince: 1100), new], at: 1190).text
    #expect(text?.contains("restored to an older state, and node n4 has not") ?? false)
    // The same, of which another node tells.
    let told = report("n2", followedSince: 1130, lostState: 1098)
    _ = other.obstacle([told, new], at: 1190)
    #expect(
      other.obstacle([told, new], at: 1190).text?.contains("older state, and node n4 has not") ?? false)
  }

  @Test("a run that begins within the grace waits for the rest of it", arguments: [140, 189, 300])
  func restarted(_ seconds: Int) {
    var node = Looking.loser()
    node.restart(at: seconds)
    #expect(node.look(60, own(40), at: seconds) == .whole)
    #expect(node.continuity.lostState == moment(98))
    #expect(node.obstacle([report("n2", followedSince: 97)], at: 9000).text?.contains("node n2") ?? false)
    let all = [report("n2", followedSince: 98)]
    for time in [seconds, 189, 190] where time >= seconds {
      #expect(node.obstacle(all, at: time).text == (time < 190 ? Self.waiting : nil), "\(time)")
    }
  }

  @Test("a loss that another node tells of is taken over once, whatever moment the next one gives for it")
  func told() {
    var node = Looking.follower()
    let seen = report("n2", followedSince: 200, lostState: 150)
    #expect(node.obstacle([seen, report("n3", lostState: 140)], at: 200) == (Self.waiting, true))
    #expect(node.continuity.lostState == moment(150))
    #expect(node.obstacle([seen], at: 200) == (Self.waiting, false))
    relook(&node, at: 201)
    // By the server's clock 50 seconds of the grace had passed.
    #expect(node.obstacle([seen], at: 209) == (Self.waiting, false))
    #expect(node.obstacle([seen], at: 210) == (nil, false))
    // The same loss, as n3 has found it.
    for (since, isLate) in [(154, true), (155, false)] {
      let text = node.obstacle([seen, report("n3", followedSince: since, lostState: 155)], at: 300)
      #expect(text.isNew == false)
      #expect((text.text?.contains("node n3 has not reported since") ?? false) == isLate, "\(since)")
    }
    #expect(node.continuity.lostState == moment(155))
    // Another loss.
    let next = report("n2", followedSince: 400, lostState: 390)
    #expect(node.obstacle([next], at: 400) == (Self.waiting, true))
    #expect(node.continuity.lostState == moment(390))
    #expect(node.obstacle([next], at: 449) == (Self.waiting, false))
    #expect(node.obstacle([next], at: 450) == (nil, false))
  }

  /// After such an answer the node is in doubt, and looks.
  private func relook(_ node: inout Looking, at seconds: Int) {
    node.continuity.doubt()
    #expect(node.look(160, own(95), at: seconds) == .whole)
    #expect(node.continuity.confirm() == true)
  }

  @Test("who has listed everything since a loss hears nothing new of it, and waits", arguments: [149, 150])
  func toldLate(_ looked: Int) {
    for isConfirmed in [false, true] {
      var node = Looking()
      _ = node.look(100, own(90), at: looked)
      if isConfirmed { _ = node.continuity.confirm() }
      let seen = report("n2", followedSince: 200, lostState: 150)
      #expect(node.obstacle([seen], at: 200) == (Self.waiting, looked < 150))
      #expect(node.continuity.lostState == moment(150))
      #expect(node.obstacle([seen], at: 209) == (Self.waiting, false))
      #expect(node.obstacle([seen], at: 210) == (nil, false))
    }
  }

  @Test("the grace after a loss that was told of goes on in the run after")
  func toldBefore() {
    var node = Looking.follower()
    let seen = report("n2", followedSince: 200, lostState: 150)
    #expect(node.obstacle([seen], at: 200) == (Self.waiting, true))
    node.restart(at: 205)
    #expect(node.look(160, own(95), at: 205) == .whole)
    #expect(node.obstacle([seen], at: 209) == (Self.waiting, false))
    #expect(node.obstacle([seen], at: 210) == (nil, false))
  }

  @Test("after an outage without a loss nodes that have not looked since are waited for, for the grace only")
  func outage() {
    var node = Looking.returner()
    #expect(node.continuity.lostState == nil)
    for late in [report("n3", followedSince: 97), report("n3")] {
      let all = [report("n2", followedSince: 98), late]
      for seconds in [130, 189] {
        #expect(
          node.obstacle(all, at: seconds)
            == ("the API server was away, and node n3 has not reported since", false))
      }
      #expect(node.obstacle(all, at: 190) == (nil, false))
    }
    #expect(node.obstacle([report("n2", followedSince: 98)], at: 130) == (nil, false))
  }

  @Test("after a watch broke off nobody is waited for, and after an outage in which one did as well they are")
  func brokenOff() {
    for isAway in [false, true] {
      var node = Looking.follower()
      if isAway { node.interrupt(at: 100) }
      node.continuity.doubt()
      #expect(node.look(100, own(90), at: 130) == .whole)
      #expect(node.continuity.isPatient(at: node.after(130)) == isAway)
      #expect((node.obstacle([report("n3", followedSince: 97)], at: 130).text != nil) == isAway)
    }
    var node = Looking.follower()
    node.continuity.doubt()
    #expect(node.look(50, own(40), at: 130) == .lost)
    #expect(node.obstacle([report("n3", followedSince: 130)], at: 189) == (Self.waiting, false))
  }

  @Test("a node says that it has looked when its files are in step with that, and not while it is in doubt")
  func confirmed() {
    var node = Looking()
    #expect(node.continuity.confirm() == false, "nobody has looked")
    _ = node.look(100, own(90), at: 0)
    #expect(node.continuity.followedSince == nil)
    #expect(node.continuity.confirm() == true)
    #expect(node.continuity.followedSince == moment(0))
    #expect(node.continuity.confirm() == false, "once for each look")
    node.interrupt(at: 100)
    _ = node.look(110, own(90), at: 130)
    #expect(node.continuity.followedSince == moment(0))
    node.interrupt(at: 140)
    #expect(node.continuity.confirm() == false, "the files are in step with what may be lost")
    #expect(node.continuity.followedSince == moment(0))
    _ = node.look(120, own(90), at: 150)
    #expect(node.continuity.confirm() == true)
    #expect(node.continuity.followedSince == moment(150))
    node.interrupt(at: 200)
    _ = node.look(50, own(40), at: 230)
    #expect(node.continuity.followedSince == nil, "what it has said is of the state that is lost")
    #expect(node.continuity.confirm() == true)
    #expect(node.continuity.followedSince == moment(230))
  }

  @Test("a loss that the report of the run before tells of counts, unless a later one is known")
  func recalled() {
    var node = Looking.follower()
    node.continuity.recall(report("n1"))
    #expect(node.continuity.lostState == nil)
    for (told, known) in [(150, 150), (140, 150), (160, 160)] {
      node.continuity.recall(report("n1", lostState: told))
      #expect(node.continuity.lostState == moment(known))
    }
  }
}
