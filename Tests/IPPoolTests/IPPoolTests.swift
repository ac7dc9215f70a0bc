import Testing

@testable import IPPool

@Suite struct IPPoolTests {}
