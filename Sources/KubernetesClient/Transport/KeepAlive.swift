internal import Glibc
internal import NIOCore

/// Has the kernel notice that the other machine is gone: a watch sends nothing by which it would.
///
/// The end of the connection says then that the server was away, which silence does not.
enum KeepAlive {
  /// Seconds of silence before the first probe, between probes, and how many may stay without an answer.
  private static let (idle, interval, count): (Int, Int, Int) = (30, 10, 3)

  /// Has the connection probed.
  static func start(on channel: any Channel) -> EventLoopFuture<Void> {
    let options: [(ChannelOptions.Types.SocketOption, Int)] = [
      (.init(level: .socket, name: .so_keepalive), 1),
      (.init(level: .tcp, name: .init(rawValue: TCP_KEEPIDLE)), idle),
      (.init(level: .tcp, name: .init(rawValue: TCP_KEEPINTVL)), interval),
      (.init(level: .tcp, name: .init(rawValue: TCP_KEEPCNT)), count),
    ]
    return .andAllSucceed(options.map { channel.setOption($0.0, value: $0.1) }, on: channel.eventLoop)
  }
}
