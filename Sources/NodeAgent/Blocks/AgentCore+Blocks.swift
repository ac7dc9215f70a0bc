internal import ClusterObjects
internal import IPPool
internal import KubernetesClient

/// What the agent does about pools that several nodes share.
extension AgentCore {
  /// Who this node is, as long as its Node is known.
  private var owner: Block.Owner? { nodeUID.map { Block.Owner(node: options.nodeName, uid: $0) } }

  /// Cuts out of each pool what this node may give.
  func divided(_ resolution: PoolResolution) -> PoolResolution {
    division.divide(
      resolution, view.blocks, owner: owner, busy: storeFault == nil ? store?.busy : nil, at: .now)
  }

  /// The file has been written.
  func noteFile(of resolution: PoolResolution) {
    division.noteFile(of: resolution, at: .now)
    raiseBlocks.yield()
  }

  /// Takes over for which pools pods wait.
  func want(_ pools: [String]) {
    guard !pools.isEmpty else { return }
    division.want(pools)
    poke()
  }

  /// Nothing is claimed or given back while another machine does the same, or while the file is older than what is known.
  private var mayChangeBlocks: Bool { view.isComplete && rival == nil && fileFault == nil }

  /// The claims to be sent now.
  func takeClaims() -> [UnstructuredObject] {
    guard mayChangeBlocks, view.blockFeed.failure == nil, let owner else { return [] }
    return division.takeClaims(of: owner, at: .now)
  }

  /// A claim came to nothing: somebody else has it, or the server could not be asked.
  func noteClaim(_ name: String, failed error: KubernetesError) {
    let wait = error.kind == .alreadyExists ? nil : max(.seconds(1), error.retryAfter ?? .zero)
    division.noteClaim(name, failed: wait, at: .now)
    poke()
  }

  /// The blocks that may be given back, unless the lease store says otherwise.
  var overdueBlocks: [Block] { mayChangeBlocks ? division.overdue(at: .now) : [] }
}
