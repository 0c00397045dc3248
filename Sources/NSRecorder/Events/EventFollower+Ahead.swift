// What the events that follow say of the one being taken in: a task is told to have done something a
// moment after it did.

internal import NamespaceEvents
internal import NamespaceModel

extension EventFollower {
  /// How much later what was done may be reported, in nanoseconds.
  static let delay: Int64 = 10_000_000
  /// How many of the events that follow are looked at for one of them.
  private static let mostAhead = 256

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
  func isStillReferenced(_ namespace: FollowedNamespace) -> Bool {
    var holders = namespace.holders
    // Those of which an event was observed, and how many links of theirs count now.
    var links: [Int32: Int] = [:]
    // Tasks that one which holds it made, and whose namespaces are reported next.
    var born: Set<Int32> = []
    func count(_ tid: Int32) -> Int { links[tid] ?? self.links(of: tid, to: namespace) }
    for (place, event) in near.enumerated() where holders > 0 {
      // In a storm a look at all that follows would cost more the more happens.
      guard place < Self.mostAhead else { return false }
      switch event.kind {
      case .fork(_, let parent):
        if count(parent) > 0 { born.insert(event.tid) }
        links[event.tid] = 0
      case .exit:
        holders -= count(event.tid)
        links[event.tid] = 0
      case .namespaces(let inodes):
        let isIn = inodes[namespace.type] == namespace.inode
        // No event reports where its children go; and of who comes from elsewhere it is not certain
        // that this is the one which has the number.
        let before = count(event.tid)
        let stays = before > 0 && isOwn(event.tid, namespace)
        let after = isIn && (born.remove(event.tid) != nil || stays) ? 1 : 0
        holders += after - before
        links[event.tid] = after
      case .comm: break
      }
    }
    return holders > 0
  }

  /// Whether a task is in a namespace itself.
  private func isOwn(_ tid: Int32, _ namespace: FollowedNamespace) -> Bool {
    let set = threads[tid]?.set ?? processes[tid]?.set
    return set?.isZombie == false && set?[namespace.type.link].namespace === namespace
  }

  /// How many links of a task, and of it as one of its own, lead to a namespace.
  private func links(of tid: Int32, to namespace: FollowedNamespace) -> Int {
    [threads[tid]?.set, threads[tid]?.task?.set, processes[tid]?.set].compactMap(\.self)
      .filter { !$0.isZombie }
      .reduce(0) { count, set in count + set.links.count { $0.namespace === namespace } }
  }
}
