import Testing

@testable import JSON

@Suite struct JSONTests {}
