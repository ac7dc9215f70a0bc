internal import Addressing

/// Reads resolv.conf(5) as the reference plugin does: by words, without judging them.
enum ResolvConf {
  /// The settings that a file has; lines that are not understood are passed over.
  static func parse(_ bytes: [UInt8]) -> DNSConfiguration {
    var dns = DNSConfiguration()
    for line in bytes.split(whereSeparator: { $0 == 0x0A }) {
      let words = line.split(whereSeparator: isSpace).map { String(decoding: $0, as: UTF8.self) }
      guard let key = words.first, words.count > 1, !key.hasPrefix("#"), !key.hasPrefix(";") else { continue }
      switch key {
      case "nameserver": dns.nameservers.append(words[1])
      case "domain": dns.domain = words[1]
      case "search": dns.search += words[1...]
      case "options": dns.options += words[1...]
      default: break
      }
    }
    return dns
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
