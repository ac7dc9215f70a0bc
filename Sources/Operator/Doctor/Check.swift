/// One thing, or a few that belong together, that a doctor looks at.
protocol Check {
  /// What is wrong, in the order in which it is said; nothing when all is well.
  static func findings(_ state: NodeState) -> [Finding]
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
      PodFilterCheck.self,
      NetworkManagerCheck.self,
      AgentCheck.self,
    ]
  }
}
