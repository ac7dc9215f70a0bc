import Platform
import Testing

@testable import Netlink

/// Exchanges with a kernel that has little memory, or answers late, or not at all.
@Suite struct NetlinkExchangeTests {
  private let removal = NetlinkRequest.deleteLink(index: 7, name: "eth0")

  /// A request that must not be sent twice: it makes something.
  private var making: NetlinkRequest { .addTable("t") }

  @Test(arguments: [1, 32, 33, 85, 86, 3000])
  func anyNumberOfRequestsIsAnswered(count: Int) throws {
    var exchange = NetlinkExchange(ScriptedKernel(capacity: 85))
    let outcomes = try exchange.run([NetlinkRequest](repeating: making, count: count))
    #expect(outcomes.count == count)
    #expect(outcomes.allSatisfy { $0.isComplete && $0.error == nil })
  }

  @Test func eachRequestGetsItsOwnAnswer() throws {
    var kernel = ScriptedKernel(capacity: 85)
    kernel.refusals = [40: .fileExists, 70: .noMemory]
    var exchange = NetlinkExchange(kernel)
    let outcomes = try exchange.run([NetlinkRequest](repeating: making, count: 100))
    let refused = outcomes.indices.filter { outcomes[$0].error != nil }
    // Sequence numbers begin with 1.
    #expect(refused == [39, 69])
    #expect(outcomes[39].error?.errno == .fileExists)
  }

  @Test func answersFromBeforeAnOverrunAreRead() throws {
    var kernel = ScriptedKernel(capacity: 85)
    kernel.overrunsWithoutLoss = 1
    var exchange = NetlinkExchange(kernel)
    #expect(try exchange.run([making, making]).allSatisfy(\.isComplete))
  }

  @Test func whatWasNotAnsweredIsAskedAgainIfThatDoesNoHarm() throws {
    var exchange = NetlinkExchange(ScriptedKernel(capacity: 20))
    let outcomes = try exchange.run([NetlinkRequest](repeating: removal, count: 32))
    #expect(outcomes.allSatisfy { $0.isComplete && $0.error == nil })
  }

  @Test func whatWasMadePerhapsIsNotMadeAgain() {
    var exchange = NetlinkExchange(ScriptedKernel(capacity: 20))
    let error = #expect(throws: NetlinkError.self) {
      try exchange.run([NetlinkRequest](repeating: making, count: 32))
    }
    #expect(error?.errno == .noBufferSpace)
    // And the socket works on: nothing of the old answers is taken for a new one.
    #expect(throws: Never.self) { try exchange.run([making]) }
  }

  @Test func aKernelThatNeverAnswersEndsTheExchange() {
    var kernel = ScriptedKernel(capacity: 85)
    kernel.isSilent = true
    var exchange = NetlinkExchange(kernel)
    #expect(throws: NetlinkError(operation: making.operation, errno: .timedOut)) {
      try exchange.run([making])
    }
    #expect(throws: NetlinkError(operation: removal.operation, errno: .timedOut)) {
      try exchange.run([removal])
    }
    #expect(throws: NetlinkError(operation: making.operation, errno: .timedOut)) {
      try exchange.transact([making])
    }
  }

  @Test func anAnswerToAnotherRequestIsNoAnswer() throws {
    var kernel = ScriptedKernel(capacity: 85)
    kernel.strayAnswers = 3
    kernel.refusals = [1: .fileExists]
    var exchange = NetlinkExchange(kernel)
    #expect(try exchange.run([making])[0].error?.errno == .fileExists)
  }

  @Test func aTruncatedDatagramIsAnError() {
    var kernel = ScriptedKernel(capacity: 85)
    kernel.failures = [.messageTooLong]
    var exchange = NetlinkExchange(kernel)
    #expect(throws: NetlinkError(operation: making.operation, errno: .messageTooLong)) {
      try exchange.run([making])
    }
  }

  @Test(arguments: [0, 1, 9]) func aListThatChangesWhileItIsSentIsAskedForAgain(interruptions: Int) throws {
    var kernel = ScriptedKernel(capacity: 85)
    kernel.list = 40
    kernel.interruptions = interruptions
    var exchange = NetlinkExchange(kernel)
    let outcome = try exchange.list(.links())
    #expect(outcome.messages.count == 40 && !outcome.isInconsistent)
  }

  @Test func aListThatChangesAllTheTimeIsNoAnswer() {
    var kernel = ScriptedKernel(capacity: 85)
    (kernel.list, kernel.interruptions) = (40, .max)
    var exchange = NetlinkExchange(kernel)
    #expect(
      throws: NetlinkError(
        operation: NetlinkRequest.links().operation, errno: .resourceTemporarilyUnavailable)
    ) {
      try exchange.list(.links())
    }
  }

  /// The rest of a list does not come after an overrun: half of it is none.
  @Test func aListThatOverranIsAskedForAgain() throws {
    var kernel = ScriptedKernel(capacity: 20)
    (kernel.list, kernel.growth) = (40, 100)
    var exchange = NetlinkExchange(kernel)
    #expect(try exchange.list(.links()).messages.count == 40)
    var small = ScriptedKernel(capacity: 20)
    small.list = 40
    var other = NetlinkExchange(small)
    #expect(throws: NetlinkError(operation: NetlinkRequest.links().operation, errno: .noBufferSpace)) {
      try other.list(.links())
    }
  }

  @Test func aTransactionOfManyRequestsIsOneDatagramWithOneAnswer() throws {
    var exchange = NetlinkExchange(ScriptedKernel(capacity: 2))
    try exchange.transact([NetlinkRequest](repeating: making, count: 500))
  }

  @Test func aRefusalInTheMiddleOfATransactionIsTold() {
    var kernel = ScriptedKernel(capacity: 85)
    kernel.refusals = [4: .noSuchFileOrDirectory]
    var exchange = NetlinkExchange(kernel)
    #expect(throws: NetlinkError(operation: making.operation, errno: .noSuchFileOrDirectory)) {
      try exchange.transact([NetlinkRequest](repeating: making, count: 10))
    }
  }
}

/// Answers as the kernel does: each request in turn, into a buffer with room for `capacity` answers.
private struct ScriptedKernel: NetlinkChannel, ~Copyable {
  private(set) var capacity: Int
  /// By how much the buffer has grown when a request comes for the second time.
  var growth = 0
  /// How many objects a list has.
  var list = 0
  /// So many lists change while they are sent.
  var interruptions = 0
  /// What it refuses, by sequence number.
  var refusals: [UInt32: Errno] = [:]
  /// It never answers.
  var isSilent = false
  /// It tells of so many overruns though no answer was lost: other messages to the socket were.
  var overrunsWithoutLoss = 0
  /// So many answers to requests of long ago come first.
  var strayAnswers = 0
  /// What the next calls of recvmsg(2) answer.
  var failures: [Errno] = []
  private var answers: [[UInt8]] = []
  private var hasOverrun = false

  init(capacity: Int) { self.capacity = capacity }

  mutating func send(_ datagram: inout [UInt8]) throws(Errno) {
    if isSilent { return }
    for _ in 0..<strayAnswers { answers.append(Self.answer(to: 0xFFFF_FFF0, .noMemory)) }
    for message in ReceivedMessage.all(in: datagram) {
      let refusal = refusals[message.sequence]
      // NLM_F_DUMP
      if message.flags & 0x300 == 0x300 {
        sendList(message.sequence)
        continue
      }
      guard refusal != nil || message.flags & 4 != 0 else { continue }
      if answers.count < capacity {
        answers.append(Self.answer(to: message.sequence, refusal))
      } else {
        hasOverrun = true
      }
    }
  }

  /// Objects in a datagram each, then NLMSG_DONE.
  private mutating func sendList(_ sequence: UInt32) {
    // NLM_F_MULTI, NLM_F_DUMP_INTR
    let flags: UInt32 = interruptions > 0 ? 0x12 : 2
    if interruptions > 0 { interruptions -= 1 }
    for number in 0...list {
      guard answers.count < capacity else {
        hasOverrun = true
        break
      }
      let type: UInt32 = number < list ? 16 : 3
      answers.append(Self.words([20, flags << 16 | type, sequence, 0, 0]))
    }
    capacity += growth
  }

  mutating func receive(isWaiting: Bool) throws(Errno) -> [UInt8] {
    if !failures.isEmpty { throw failures.removeFirst() }
    if overrunsWithoutLoss > 0 {
      overrunsWithoutLoss -= 1
      throw .noBufferSpace
    }
    if hasOverrun {
      hasOverrun = false
      throw .noBufferSpace
    }
    // The kernel waits CNETLINK_PATIENCE seconds first, if the call waits.
    guard !answers.isEmpty else { throw .wouldBlock }
    return answers.removeFirst()
  }

  /// `struct nlmsgerr`.
  private static func answer(to sequence: UInt32, _ refusal: Errno?) -> [UInt8] {
    words([36, 2, sequence, 0, UInt32(bitPattern: -(refusal?.rawValue ?? 0)), 16, 0, 0, 0])
  }

  private static func words(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }
}
