import Platform
import Testing

@testable import Netlink

/// Answers of the kernel, also malformed ones: they must end, and never crash.
@Suite struct ReplyTests {
  @Test func aDatagramIsCutIntoMessages() {
    let messages = ReceivedMessage.all(
      in: wire(
        """
        14000000  nlmsg_len 20
        1000      type
        0200      flags
        05000000  sequence
        00000000  port
        aabbccdd  payload
        11000000  nlmsg_len 17, padded to 20
        03000000
        05000000
        00000000
        ee000000
        """))
    #expect(messages.map(\.type) == [16, 3])
    #expect(messages.map(\.flags) == [2, 0])
    #expect(messages.map(\.sequence) == [5, 5])
    #expect(messages.map { Array($0.payload) } == [[0xAA, 0xBB, 0xCC, 0xDD], [0xEE]])
  }

  @Test(arguments: [
    "", "14", "140000001000020005000000", "0f000000100002000500000000000000",
    "ffffffff100002000500000000000000", "15000000100002000500000000000000aabbccdd",
  ])
  func aTruncatedOrOverlongMessageEndsTheList(text: String) {
    #expect(ReceivedMessage.all(in: wire(text)).isEmpty)
  }

  @Test func anAttributeOfLengthZeroEndsTheList() {
    #expect(Attributes(wire("05000100aa000000\n00000000\n08000200bbbbbbbb")[...]).payloads.count == 1)
  }

  @Test(arguments: ["030001", "08000100aa", "ffff0100aabbccdd", "0400"])
  func aTruncatedOrOverlongAttributeEndsTheList(text: String) {
    #expect(Attributes(wire(text)[...]).payloads.isEmpty)
  }

  @Test func ofAnAttributeThatComesTwiceTheLastCounts() {
    let attributes = Attributes(wire("08000100\n01000000\n08000100\n02000000")[...])
    #expect(attributes.number(1, as: UInt32.self) == 2)
  }

  @Test func theFlagsOfATypeAreNotPartOfIt() {
    #expect(Attributes(wire("08000180\n01000000")[...]).number(1, as: UInt32.self) == 1)
  }

  @Test func aNumberThatIsTooShortIsNone() {
    #expect(Attributes(wire("06000100\n01000000")[...]).number(1, as: UInt32.self) == nil)
  }

  private let request = NetlinkRequest.deleteLink(index: 7, name: "eth0")

  @Test func anAcknowledgementIsNoError() {
    var outcome = Outcome()
    outcome.take(received(2, "00000000  no error\n20000000\n11000500\n0000000000000000"), of: request)
    #expect(outcome.isComplete && outcome.error == nil)
  }

  @Test func aRefusalCarriesTheKernelsWords() throws {
    var outcome = Outcome()
    outcome.take(
      received(
        2, flags: 0x300,  // NLM_F_CAPPED | NLM_F_ACK_TLVS
        """
        f0ffffff  -EBUSY
        20000000  the request's header
        11000500
        0000000000000000
        0d000100  NLMSGERR_ATTR_MSG
        4e6f7420746f64617900  "Not today"
        000000
        """), of: request)
    let error = try #require(outcome.error)
    #expect(error.errno == .resourceBusy)
    #expect(error.kernelText == "Not today")
    #expect(error.description.hasPrefix("cannot delete link eth0: "))
    #expect(error.description.hasSuffix("(kernel: Not today)"))
  }

  @Test func theWordsComeBehindARequestThatIsEchoedWhole() {
    var outcome = Outcome()
    outcome.take(
      received(
        2, flags: 0x200,  // NLM_F_ACK_TLVS
        """
        edffffff  -ENODEV
        20000000  the request, 32 bytes
        11000500
        0000000000000000
        00000000070000000000000000000000
        09000100  NLMSGERR_ATTR_MSG
        476f6e6500000000  "Gone"
        """), of: request)
    #expect(outcome.error?.errno == .noSuchAddressOrDevice || outcome.error?.errno.rawValue == 19)
    #expect(outcome.error?.kernelText == "Gone")
  }

  @Test(arguments: ["", "01000000", "ff", "00000080"])
  func anAnswerThatIsNoneIsAProtocolError(text: String) {
    var outcome = Outcome()
    outcome.take(received(2, text), of: request)
    #expect(outcome.isComplete)
    #expect(outcome.error?.errno == .protocolError)
  }

  @Test func anInterruptedListIsNoticed() {
    var outcome = Outcome()
    outcome.take(received(16, flags: 0x10, ""), of: NetlinkRequest.links())
    #expect(outcome.isInconsistent && !outcome.isComplete)
    outcome.take(received(3, "00000000"), of: NetlinkRequest.links())
    #expect(outcome.isComplete && outcome.messages.count == 1)
  }
}
