/// One thing, or a few that belong together, that a doctor looks at.
protocol Check {
  /// What is wrong, in the order in which it is said; nothing when all is well.
  ///
  /// - Parameter unread: is told what could not be read, and why: nothing is known of that.
  static func findings(_ state: NodeState, unread: inout [String]) -> [Finding]
}

/// A check that reads nothing itself from the kernel.
protocol StateCheck: Check {
  /// As ``Check/findings(_:unread:)``.
  static func findings(_ state: NodeState) -> [Finding]
}

extension StateCheck {
  static func findings(_ state: NodeState, unread _: inout [String]) -> [Finding] { findings(state) }
}

extension NodeState {
  /// All checks, in the order in which their findings are shown. A check whose findings explain others comes first.
  static var checks: [any Check.Type] {
    [
      KernelCheck.self,
      NamespaceCheck.self,
      ConfigurationCheck.self,
      ModeCheck.self,
      PoolCheck.self,
      InstanceCheck.self,
      LinkCheck.self,
      PodInterfaceCheck.self,
      LeaseCheck.self,
      HostAccessCheck.self,
      FenceCheck.self,
      NodeAccessCheck.self,
      PodFilterCheck.self,
      NetworkManagerCheck.self,
      AgentCheck.self,
    ]
  }
}
