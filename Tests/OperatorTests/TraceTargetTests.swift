import JSON
import Testing

@testable import Operator

@Suite struct TraceTargetTests {
  @Test(arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("web/shop-0", "web/shop-1", 1)])
  func distancesCountChanges(left: String, right: String, distance: Int) {
    #expect(TraceTarget.distance(Array(left.utf8), Array(right.utf8)) == distance)
  }
}

@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar"), ("8J+Riw==", "👋"),
  ])
  func theVectorsOfRFC4648AreDecoded(text: String, plain: String) {
    #expect(Base64.decode(text).map { String(decoding: $0, as: UTF8.self) } == plain)
  }

  @Test func whatIsNoBase64IsRefused() { #expect(Base64.decode("Zm9v!") == nil) }
}

@Suite struct RedactionTests {
  @Test func secretsAreLeftOut() throws {
    let text = #"{"name":"a","args":{"api_key":"x","Password":"y","list":[{"token":"z"}]}}"#
    let redacted = Redaction.redacted(try JSONValue(parsing: Array(text.utf8)))
    #expect(
      String(decoding: redacted.serialized(), as: UTF8.self)
        == #"{"name":"a","args":{"api_key":"(left out)","Password":"(left out)","list":[{"token":"(left out)"}]}}"#
    )
  }
}
