import Testing

@testable import CNI

@Suite struct CNITests {}
