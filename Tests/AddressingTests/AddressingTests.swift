import Testing

@testable import Addressing

@Suite struct AddressingTests {}
