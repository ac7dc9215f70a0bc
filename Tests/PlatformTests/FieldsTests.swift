import Platform
import Testing

/// Texts taken apart by bytes.
@Suite struct FieldsTests {
  private static let slash = UInt8(ascii: "/")

  @Test func emptyFieldsAreLeftOutOrKept() {
    #expect("/a//b/".fields(separatedBy: Self.slash) == ["a", "b"])
    #expect("/a//b/".fields(separatedBy: Self.slash, omittingEmpty: false) == ["", "a", "", "b", ""])
    #expect("".fields(separatedBy: Self.slash) == [])
  }

  @Test func theRestIsOneField() {
    #expect(
      "1 2 /run/with space".fields(separatedBy: UInt8(ascii: " "), mostSplits: 2) == [
        "1", "2", "/run/with space",
      ])
  }

  @Test func aPrefixIsNoPartOfAField() {
    #expect("cni:net/id/eth0".fields(separatedBy: Self.slash, after: "cni:") == ["net", "id", "eth0"])
  }

  /// To Swift a slash and the accent after it are one Character; to the kernel they are two names.
  @Test func anAccentAfterASeparatorHidesNothing() {
    #expect("a/\u{301}b".fields(separatedBy: Self.slash) == ["a", "\u{301}b"])
    #expect("\u{1F600}/ü".fields(separatedBy: Self.slash) == ["\u{1F600}", "ü"])
  }
}
