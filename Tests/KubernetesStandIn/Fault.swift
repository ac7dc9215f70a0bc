/// What the stand-in does instead of answering.
public enum Fault: Sendable, Hashable {
  /// Answers with a status. `retryAfter` goes into the header.
  case status(Int, reason: String, message: String = "a fault was ordered", retryAfter: Int? = nil)
  /// Answers with text that is not JSON, as a proxy does.
  case text(Int, String)
  /// Takes the request and never answers, as a dead machine and a stopped process do. For watches: accepts it and sends
  /// nothing.
  case silence
  /// Answers after so many milliseconds.
  case slow(milliseconds: Int)
  /// Closes the connection after so many bytes of the answer.
  case cut(bytes: Int)
  /// For watches: sends this line, then ends the watch.
  case line(String)
  /// For watches: accepts it and ends it at once.
  case end
}

/// Which requests a fault meets.
public struct FaultRule: Sendable {
  /// The verb, as roles name it: get, list, watch, create, update, patch, delete; stream for a watch that begins with the
  /// whole collection; `nil` for all.
  public var verb: String?
  /// A part of the path.
  public var path: String
  /// How many requests are let through first.
  public var skip: Int
  /// How many requests it meets; `nil` for all until it is taken back.
  public var times: Int?
  /// What happens.
  public var fault: Fault

  /// A rule.
  public init(
    _ fault: Fault, to verb: String? = nil, path: String = "", skip: Int = 0, times: Int? = 1
  ) {
    self.verb = verb
    self.path = path
    self.skip = skip
    self.times = times
    self.fault = fault
  }
}
