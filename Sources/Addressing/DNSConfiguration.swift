public import JSON

/// Name service settings, which plugins pass on and do not act on (CNI SPEC 1.1.0, "Success").
public struct DNSConfiguration: Sendable, Hashable {
  /// The name servers' addresses, in order of preference.
  public var nameservers: [String] = []
  /// The local domain, for short host names.
  public var domain: String?
  /// The search list, in order of preference.
  public var search: [String] = []
  /// Options for the resolver.
  public var options: [String] = []

  /// No settings at all.
  public init() {}

  /// Whether nothing is set.
  public var isEmpty: Bool { self == DNSConfiguration() }

  /// Reads `{"nameservers", "domain", "search", "options"}`.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  public init(_ fields: JSONFields) throws(JSONFieldError) {
    nameservers = try fields.strings("nameservers") ?? []
    domain = try fields.string("domain")
    search = try fields.strings("search") ?? []
    options = try fields.strings("options") ?? []
  }

  /// Writes what the constructor reads. Empty members are left out.
  public var json: JSONValue {
    var object = JSONObject()
    let list = { (texts: [String]) in texts.isEmpty ? nil : JSONValue.array(texts.map(JSONValue.string)) }
    object["nameservers"] = list(nameservers)
    object["domain"] = domain.map(JSONValue.string)
    object["search"] = list(search)
    object["options"] = list(options)
    return .object(object)
  }
}
