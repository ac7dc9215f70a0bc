import Testing

@testable import Platform

@Suite struct PlatformTests {}
