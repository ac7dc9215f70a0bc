import Testing

@testable import Operator

@Suite struct EndpointTests {
  @Test(arguments: [
    "http://169.254.169.254", "http://127.0.0.1:8080", "http://[fd00:ec2::254]", "http://[::1]:8080",
  ]) func addressesAreRead(text: String) { #expect(MetadataEndpoint(text)?.description == text) }

  @Test(arguments: [
    "169.254.169.254", "https://169.254.169.254", "http://metadata", "http://127.0.0.1:x", "http://[::1",
    "http://",
  ]) func anythingElseIsRefused(text: String) { #expect(MetadataEndpoint(text) == nil) }
}
