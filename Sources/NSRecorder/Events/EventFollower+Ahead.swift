// What the events that follow say of the one being taken in: a task is told to have done something a
// moment after it did.

internal import NamespaceEvents
internal import NamespaceModel

extension EventFollower {
  /// How much later what was done may be told, in nanoseconds.
  static let delay: Int64 = 10_000_000

  /// The events that may be of things done by now.
  private var near: some Sequence<KernelEvent> {
    ahead.lazy.map(\.event).prefix { [now] in $0.time <= now + Self.delay }
  }

  /// The threads of a process that exit neither with its main one nor to let one of them execute.
  func lastingThreads(of pid: Int32) -> Set<Int32> {
    guard var lasting = threadsOf[pid] else { return [] }
    for event in near {
      switch event.kind {
      case .exit: lasting.remove(event.tid)
      case .comm(_, isExec: true) where event.tid == pid: return []
      case .fork, .comm, .namespaces: break
      }
    }
    return lasting
  }

  /// Whether a task that is in a namespace stays there for longer than it may take to tell that it
  /// left.
  func isSurelyHeld(_ namespace: FollowedNamespace) -> Bool {
    var holders = namespace.holders
    var leavers: Set<Int32> = []
    for event in near where holders > 0 {
      switch event.kind {
      case .exit, .namespaces:
        guard leavers.insert(event.tid).inserted else { continue }
        holders -= links(of: event.tid, to: namespace)
      case .fork, .comm: break
      }
    }
    return holders > 0
  }

  /// How many links of a task, and of it as one of its own, lead to a namespace.
  private func links(of tid: Int32, to namespace: FollowedNamespace) -> Int {
    [threads[tid]?.set, threads[tid]?.task?.set, processes[tid]?.set].compactMap(\.self)
      .filter { !$0.isZombie }
      .reduce(0) { count, set in count + set.links.count { $0.namespace === namespace } }
  }
}
