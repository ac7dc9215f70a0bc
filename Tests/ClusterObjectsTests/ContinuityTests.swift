import ClusterObjects
import ClusterTestSupport
import Foundation
import KubernetesClient
import Testing

/// Whether the API server still has all that a node has seen of it.
@Suite struct ContinuityTests {
  private func moment(_ seconds: Int) -> Timestamp { Looking.moment(seconds) }
  private func own(_ version: Int, uid: String = "report-1") -> ObjectMetadata {
    Looking.own(version, uid: uid)
  }

  @Test("a node that starts is in doubt until it has looked, and a server that it has never seen is whole")
  func first() {
    var node = Looking()
    #expect(node.continuity.isDoubtful)
    #expect(node.look(7, nil, at: 0) == .whole)
    #expect(!node.continuity.isDoubtful)
    #expect(node.continuity.lostState == nil)
    #expect(node.obstacle([Looking.report("n2")], at: 0).text == nil)
  }

  struct Answer: Sendable, CustomTestStringConvertible {
    var version: Int
    var report: Int?
    var uid = "report-1"
    var finding: Continuity.Finding
    /// Since when reports count, if the server was restored.
    var lostState: Int?
    var testDescription: String { "\(version), \(uid) \(report ?? 0): \(finding)" }
  }

  @Test(
    "a server that has less, or goes on from far above, was restored, and any other is whole",
    arguments: [
      Answer(version: 100, report: 90, finding: .whole), Answer(version: 150, report: 120, finding: .whole),
      // The greatest version came at 40.
      Answer(version: 99, report: 90, finding: .lost, lostState: 40),
      Answer(version: 200, report: 89, finding: .lost, lostState: 40),
      Answer(version: 500_000_100, report: 90, finding: .whole),
      // etcdutl snapshot restore --bump-revision 1000000000. The backup may be newer than that version. Two seconds before the
      // server was lost: its clock tells whole ones.
      Answer(version: 1_000_000_050, report: 90, finding: .lost, lostState: 98),
      Answer(version: 1_000_000_150, report: 1_000_000_140, finding: .lost, lostState: 98),
      // The report that comes with it is older: it is no leap only.
      Answer(version: 1_000_000_150, report: 89, finding: .lost, lostState: 40),
      // Somebody has deleted the report, and perhaps it was made anew.
      Answer(version: 150, report: nil, finding: .whole),
      Answer(version: 150, report: 20, uid: "report-2", finding: .whole),
      Answer(version: 99, report: nil, finding: .lost, lostState: 40),
      Answer(version: 99, report: 20, uid: "report-2", finding: .lost, lostState: 40),
    ])
  func findings(_ answer: Answer) {
    var node = Looking()
    _ = node.look(80, own(80), at: 0)
    _ = node.continuity.note(own: own(90), at: node.after(30))
    node.note(100, at: 40)
    // Nothing new.
    for version in [100, 99] { node.note(version, at: 90) }
    node.interrupt(at: 100)
    #expect(node.continuity.isDoubtful)
    let finding = node.look(answer.version, answer.report.map { own($0, uid: answer.uid) }, at: 130)
    #expect(finding == answer.finding)
    #expect(!node.continuity.isDoubtful)
    #expect(node.continuity.lostState == answer.lostState.map(moment))
  }

  @Test("what was seen of other objects counts as well, and what is no version does not")
  func versions() {
    var node = Looking.follower()
    for version in ["300", "200", "x", nil] { node.continuity.note(version: version) }
    let isOlder = [own(310), own(310), own(309), own(5, uid: "report-2")].map {
      node.continuity.note(own: $0)
    }
    #expect(isOlder == [false, false, true, false], "one of another UID is another one")
    var other = node
    #expect(other.look(310, own(5, uid: "report-2"), at: 1) == .whole)
    #expect(node.look(309, own(5, uid: "report-2"), at: 1) == .lost)
    #expect(node.continuity.seen.version == 309, "now the older state is the measure")
  }

  @Test("an object that is older than it was proves a loss, also where the server has written more since")
  func olderObject() {
    func object(_ uid: String, _ version: Int?) -> ObjectMetadata {
      var metadata = ObjectMetadata(name: uid)
      (metadata.uid, metadata.resourceVersion) = (uid, version.map { "\($0)" })
      return metadata
    }
    var node = Looking.follower()
    func list(_ collection: String = "pools", at version: Int, _ objects: ObjectMetadata...) -> Bool {
      let items = objects.map { UnstructuredObject(metadata: $0) }
      return node.continuity.note(collection, ResourceList(items: items, resourceVersion: "\(version)"))
    }
    #expect(!list(at: 80, object("a", 60), object("b", 70), object("c", 80)))
    node.continuity.note("pools", changed: object("a", 90))
    #expect(!list(at: 95, object("a", 90), object("b", 75), object("d", 20), object("e", nil)))
    #expect(!list("reports", at: 96, object("a", 10)), "of another collection")
    #expect(!list(at: 97, object("a", 91), object("c", 30)), "it was gone meanwhile")
    // It was asked for before the last one, and comes after it.
    #expect(!list(at: 94, object("a", 90)))
    #expect(!list(at: 98, object("a", 91)))
    #expect(!node.continuity.isDoubtful)
    var early = node.continuity.look()
    #expect(list(at: 5000, object("a", 90)))
    #expect(node.continuity.isDoubtful && node.continuity.isAway)
    #expect(node.end(early, 5000, own(4000), at: 1) == .outdated)
    early = node.continuity.look()
    #expect(node.end(early, 5000, own(4000), at: 2) == .lost)
    #expect(node.continuity.lostState != nil)
    // Now the older state is the measure, for all collections.
    #expect(!list(at: 5001, object("a", 80)))
    #expect(!list("reports", at: 50, object("a", 9)))
    #expect(node.look(5002, own(4000), at: 3) == .whole)
  }

  @Test("what comes while the server is asked may be newer than the answer")
  func meanwhile() {
    var node = Looking.follower()
    let look = node.continuity.look()
    node.continuity.note(version: "500")
    _ = node.continuity.note(own: own(490))
    #expect(node.end(look, 120, own(110), at: 1) == .whole)
    #expect(node.look(120, own(110), at: 2) == .lost)
  }

  @Test("what a server tells a node in doubt is no measure for that server, but for the next answers")
  func inDoubt() {
    var node = Looking.follower()
    node.interrupt(at: 100)
    // Collections are listed before somebody looks, after a restore whose versions leap.
    node.note(1_000_000_050, at: 110)
    #expect(node.continuity.seen.version == 100)
    var next = node
    next.restart(at: 110)
    next.note(1_000_000_050, at: 111)
    for var node in [node, next] {
      #expect(node.look(1_000_000_060, own(90), at: 120) == .lost)
      #expect(node.continuity.seen.version == 1_000_000_060)
    }
    // All is there, and the versions of meanwhile count from now on.
    node = Looking.follower()
    node.interrupt(at: 100)
    let early = node.continuity.look()
    node.note(130, at: 110)
    #expect(node.end(early, 120, own(90), at: 120) == .whole)
    #expect(node.continuity.seen.version == 130)
    // They were of before the restore.
    node = Looking.follower()
    node.continuity.doubt()
    node.note(130, at: 110)
    #expect(node.look(120, own(90), at: 120) == .lost)
    #expect(node.continuity.seen.version == 120)
  }

  @Test("a look is to be taken again when the server is lost meanwhile")
  func interrupted() {
    var node = Looking.follower()
    node.note(101, at: 90)
    node.interrupt(at: 100)
    let early = node.continuity.look()
    node.interrupt(at: 110)
    #expect(node.end(early, 50, own(40), at: 130) == .outdated)
    #expect(node.continuity.isDoubtful)
    #expect(node.continuity.lostState == nil)
    var leaper = node
    #expect(node.look(50, own(40), at: 130) == .lost)
    #expect(node.continuity.lostState == moment(90), "when the last was seen that is lost")
    #expect(leaper.look(1_000_000_050, own(90), at: 130) == .lost)
    #expect(leaper.continuity.lostState == moment(98), "since it was lost for the first time")
  }

  @Test("a watch that broke off brings a node into doubt, and the server is away only when that was found")
  func doubt() {
    var node = Looking.follower()
    node.note(101, at: 90)
    let early = node.continuity.look()
    node.continuity.doubt()
    #expect(node.continuity.isDoubtful && !node.continuity.isAway)
    #expect(node.end(early, 101, own(90), at: 100) == .outdated)
    var away = node
    away.interrupt(at: 100)
    away.continuity.doubt()
    #expect(away.continuity.isDoubtful && away.continuity.isAway)
    var leaper = node
    #expect(leaper.look(1_000_000_050, own(90), at: 130) == .lost)
    #expect(leaper.continuity.lostState == moment(90), "nobody knows when it began")
    #expect(node.look(50, own(40), at: 130) == .lost)
    #expect(node.continuity.lostState == moment(90))
    #expect(away.look(101, own(90), at: 130) == .whole)
    #expect(!away.continuity.isDoubtful && !away.continuity.isAway)
  }

  @Test("another cluster has lost nothing, and what the former one had lost is forgotten")
  func otherCluster() {
    var node = Looking.loser()
    #expect(node.continuity.lostState == moment(98))
    node.interrupt(at: 500)
    #expect(node.look(9, own(8, uid: "report-2"), node: "node-2", at: 520) == .whole)
    #expect(node.continuity.lostState == nil)
    var same = node
    #expect(same.look(9, own(8, uid: "report-2"), node: "node-2", at: 521) == .whole)
    #expect(node.look(8, own(8, uid: "report-2"), node: "node-2", at: 521) == .lost)
  }

  @Test("a server that has the report is the same, whatever becomes of the Node", arguments: ["node-2", nil])
  func otherNode(_ uid: String?) {
    var node = Looking.follower()
    #expect(node.look(99, own(90), node: uid, at: 1) == .lost)
  }

  @Test("the run after finds that the server was restored meanwhile, and since when")
  func mark() throws {
    func read(_ mark: Continuity.Mark) throws -> Continuity.Mark {
      try JSONDecoder().decode(Continuity.Mark.self, from: try JSONEncoder().encode(mark))
    }
    var node = Looking.follower()
    let mark = node.continuity.seen
    #expect(mark.time == moment(0), "when the server had that version")
    #expect(try read(mark) == mark)
    node.continuity = Continuity(mark: try read(mark), grace: .seconds(60))
    #expect(node.continuity.isDoubtful)
    var same = node
    #expect(same.look(100, own(90), at: 500) == .whole)
    #expect(same.continuity.lostState == nil)
    #expect(node.look(99, own(90), at: 500) == .lost)
    #expect(node.continuity.lostState == moment(0))
    let lost = node.continuity.seen
    #expect(try read(lost) == lost)
    #expect(lost.lostState == moment(0) && lost.heard == moment(500))
  }

  @Test("a second loss counts, also by a clock that was set back")
  func again() {
    var node = Looking.loser()
    node.note(51, at: 998)
    node.interrupt(at: 1000)
    #expect(node.look(45, own(40), at: 1010) == .lost)
    #expect(node.continuity.lostState == moment(998))
    node.interrupt(at: 2000)
    #expect(node.end(node.continuity.look(), 40, own(39), at: 2010, clock: 500) == .lost)
    #expect(node.continuity.lostState == moment(500))
  }

  /// Otherwise no node could have looked since for as long as the clock was set back by.
  @Test("a loss is never later than the server's present time", arguments: [40, 97, 98, 500])
  func clock(_ present: Int) {
    var node = Looking.follower()
    node.note(101, at: 98)
    var next = node
    next.restart(at: 200)
    #expect(next.end(next.continuity.look(), 50, own(40), at: 200, clock: present) == .lost)
    #expect(next.continuity.lostState == moment(min(98, present)))
    node.interrupt(at: 100)
    #expect(node.end(node.continuity.look(), 50, own(40), at: 130, clock: present) == .lost)
    #expect(
      node.continuity.lostState == moment(present - 32), "both clocks have gone on for 32 seconds since")
  }
}
