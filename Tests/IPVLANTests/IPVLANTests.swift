import Testing

@testable import IPVLAN

@Suite struct IPVLANTests {}
