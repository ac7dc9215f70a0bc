import Testing

@testable import Netlink

@Suite struct NetlinkTests {}
