internal import CNetlink
internal import Platform

/// Carries netlink datagrams to the kernel and back. A test carries them to a script, which answers what the kernel
/// answers only under pressure.
protocol NetlinkChannel: ~Copyable {
  /// Sends one datagram. The kernel has worked through it when this returns.
  mutating func send(_ datagram: inout [UInt8]) throws(Errno)

  /// Receives one datagram.
  ///
  /// - Parameter isWaiting: waits for it, up to the channel's time limit. EAGAIN says that none came.
  mutating func receive(isWaiting: Bool) throws(Errno) -> [UInt8]
}

/// Requests and the kernel's answers to them, in any number.
///
/// The kernel answers a request before it looks at the next one of the datagram. It puts the answer into the socket's
/// receive buffer, and drops it when the buffer is full (netlink(7), ENOBUFS). So requests go out in pieces whose
/// answers fit.
struct NetlinkExchange<Channel: NetlinkChannel & ~Copyable>: ~Copyable {
  private var channel: Channel
  private var sequence: UInt32 = 0

  init(_ channel: consuming Channel) { self.channel = channel }

  /// Sends requests and collects the answer to each.
  ///
  /// The kernel works through all of them in order; one that fails does not stop the rest.
  /// - Returns: an outcome for each request, in their order.
  /// - Throws: ``NetlinkError`` when an answer is lost, so that outcomes are unknown: ENOBUFS when the kernel dropped
  ///   it, ETIMEDOUT when none came.
  mutating func run(_ requests: [NetlinkRequest]) throws(NetlinkError) -> [Outcome] {
    // Nearly every exchange is one piece.
    if requests.count <= PieceLimit.requests {
      return try run(piece: requests, attempts: PieceLimit.attempts)
    }
    var outcomes: [Outcome] = []
    outcomes.reserveCapacity(requests.count)
    while outcomes.count < requests.count {
      let piece = Array(requests[outcomes.count...].prefix(PieceLimit.requests))
      outcomes += try run(piece: piece, attempts: PieceLimit.attempts)
    }
    return outcomes
  }

  /// Asks for a list until it did not change while it was sent (NLM_F_DUMP_INTR).
  /// - Returns: what the kernel listed, or why it refused.
  /// - Throws: ``NetlinkError`` with EAGAIN when the list changes all the time: what has come may lack objects.
  mutating func list(_ request: NetlinkRequest) throws(NetlinkError) -> Outcome {
    for _ in 0..<PieceLimit.lists {
      let outcome = try run([request])[0]
      if outcome.error != nil || !outcome.isInconsistent { return outcome }
    }
    throw NetlinkError(operation: request.operation, errno: .resourceTemporarilyUnavailable)
  }

  /// Sends nf_tables requests as one transaction: all of them take effect, or none does.
  ///
  /// A transaction is one datagram. Only its last request asks for an answer: the kernel answers refusals unasked.
  /// - Throws: ``NetlinkError`` of the first that the kernel refused.
  mutating func transact(_ requests: [NetlinkRequest]) throws(NetlinkError) {
    guard let first = requests.first, let last = requests.last else { return }
    let batch =
      [.beginBatch()] + requests.dropLast().map { $0.unacknowledged() } + [last, .endBatch()]
    var outcomes = [Outcome](repeating: Outcome(), count: batch.count)
    let base = try send(batch)
    // The start is answered only when the transaction as a whole is refused.
    let unanswered = try collect(&outcomes, of: batch, from: base) { outcomes in
      outcomes[0].isComplete || outcomes[outcomes.count - 2].isComplete
    }
    if let cause = unanswered { throw NetlinkError(operation: first.operation, errno: cause) }
    if let refusal = outcomes[0].error {
      throw NetlinkError(
        operation: first.operation, errno: refusal.errno, kernelText: refusal.kernelText)
    }
    for outcome in outcomes {
      if let error = outcome.error { throw error }
    }
  }

  /// Sends one piece. Where answers are lost, it asks again if asking twice does no harm.
  private mutating func run(piece: [NetlinkRequest], attempts: Int) throws(NetlinkError) -> [Outcome] {
    guard !piece.isEmpty else { return [] }
    var outcomes = [Outcome](repeating: Outcome(), count: piece.count)
    let base = try send(piece)
    let cause = try collect(&outcomes, of: piece, from: base) { outcomes in
      outcomes.allSatisfy { $0.isComplete }
    }
    guard let cause else { return outcomes }
    let lost = outcomes.indices.filter { !outcomes[$0].isComplete }
    guard let first = lost.first else { return outcomes }
    guard attempts > 1, lost.allSatisfy({ piece[$0].isRepeatable }) else {
      throw NetlinkError(operation: piece[first].operation, errno: cause)
    }
    for (index, outcome) in zip(lost, try run(piece: lost.map { piece[$0] }, attempts: attempts - 1)) {
      outcomes[index] = outcome
    }
    return outcomes
  }

  /// - Returns: the number of the first request.
  private mutating func send(_ requests: [NetlinkRequest]) throws(NetlinkError) -> UInt32 {
    let base = sequence &+ 1
    sequence &+= UInt32(requests.count)
    var datagram: [UInt8] = []
    for (index, request) in requests.enumerated() {
      guard !request.bytes.isEmpty else {
        throw NetlinkError(operation: request.operation, errno: .messageTooLong)
      }
      let start = datagram.count
      datagram += request.bytes
      let number = base &+ UInt32(index)
      // nlmsg_seq, the third word of the header.
      for byte in 0..<4 { datagram[start + 8 + byte] = UInt8(truncatingIfNeeded: number >> (8 * byte)) }
      datagram += repeatElement(0, count: -datagram.count & 3)
    }
    do throws(Errno) { try channel.send(&datagram) } catch {
      throw NetlinkError(operation: requests[0].operation, errno: error)
    }
    return base
  }

  /// Receives answers until `isComplete`.
  ///
  /// - Returns: why an answer does not come any more; `nil` when all have come.
  /// - Throws: ``NetlinkError`` when the socket fails.
  private mutating func collect(
    _ outcomes: inout [Outcome], of requests: [NetlinkRequest], from base: UInt32,
    until isComplete: ([Outcome]) -> Bool
  ) throws(NetlinkError) -> Errno? {
    var hasOverrun = false
    while !isComplete(outcomes) {
      let datagram: [UInt8]
      do throws(Errno) {
        // After an overrun the buffer holds the answers from before it, and nothing follows them.
        datagram = try channel.receive(isWaiting: !hasOverrun)
      } catch .noBufferSpace {
        hasOverrun = true
        continue
      } catch .wouldBlock {
        return hasOverrun ? .noBufferSpace : .timedOut
      } catch {
        throw NetlinkError(operation: requests[0].operation, errno: error)
      }
      for message in ReceivedMessage.all(in: datagram) {
        // Answers to earlier requests, which were given up, come late.
        let index = Int(message.sequence &- base)
        guard outcomes.indices.contains(index), !outcomes[index].isComplete else { continue }
        outcomes[index].take(message, of: requests[index])
      }
    }
    return nil
  }
}

/// How much is sent at once.
private enum PieceLimit {
  /// An acknowledgement takes 768 bytes of the receive buffer and a refusal with text up to 1,280, of the 64 KiB that
  /// libnl's default amounts to. A request has up to 1 KiB, of the 64 KiB that may be sent.
  static let requests = 32
  /// How often requests are sent whose answers are lost.
  static let attempts = 3
  /// How often a list is asked for that changes while it is sent.
  static let lists = 10
}
