internal import NamespaceEvents
internal import NamespaceModel

/// Looks ahead in the queued events. The kernel writes an event a moment after the change that it reports. So at the
/// time of the event that is being applied, the changes that the next events report may have taken effect already.
struct Lookahead {
  /// The time of the event that is being applied.
  private let now: BootTime
  /// The queued events after it, in time order.
  private let queued: ArraySlice<EventReorderer.Item>
  private let tasks: TaskTable

  /// The longest time, in nanoseconds, that the lookahead allows for from a change to its event.
  static let longest: Int64 = 10_000_000
  /// The most queued events that `isStillReferenced` examines.
  private static let limit = 256

  init(after event: KernelEvent, _ queued: ArraySlice<EventReorderer.Item>, _ tasks: TaskTable) {
    now = event.time
    self.queued = queued
    self.tasks = tasks
  }

  /// The queued events whose changes may have taken effect by the time of the current event.
  private var near: some Sequence<KernelEvent> {
    queued.lazy.map(\.event).prefix { [now] in $0.time <= now + Self.longest }
  }

  /// Returns the TIDs of the threads that outlive the main thread of a process: those that neither exit
  /// at nearly the same time nor are ended by an exec of one of them.
  func lastingThreads(of pid: Int32) -> Set<Int32> {
    guard var lasting = tasks.threadsOf[pid] else { return [] }
    for event in near {
      switch event.kind {
      case .exit: lasting.remove(event.tid)
      case .comm(_, isExec: true) where event.tid == pid: return []
      case .fork, .comm, .namespaces, .state: break
      }
    }
    return lasting
  }

  /// Whether the namespace still has a task, also after the queued events in `near`: they may report that
  /// tasks left it.
  func isStillReferenced(_ namespace: FollowedNamespace) -> Bool {
    var holders = namespace.holders
    // By TID, how many links of a task lead to the namespace after the events examined so far.
    var links: [Int32: Int] = [:]
    // The TIDs of new tasks whose parent is in the namespace, and whose own namespaces event has not been
    // examined yet.
    var forked: Set<Int32> = []
    func count(_ tid: Int32) -> Int { links[tid] ?? tasks.links(of: tid, to: namespace) }
    for (index, event) in near.enumerated() where holders > 0 {
      // Examining all queued events would be too slow while events are frequent.
      guard index < Self.limit else { return false }
      switch event.kind {
      case .fork(_, let parent):
        if count(parent) > 0 { forked.insert(event.tid) }
        links[event.tid] = 0
      case .exit:
        holders -= count(event.tid)
        links[event.tid] = 0
      case .namespaces(let inodes):
        let isIn = inodes[namespace.type] == namespace.inode
        // The task is in this namespace only if it was in it before, or was created by a task in it. If it
        // comes from another one, the inode number may denote a later namespace. No event reports the links
        // for children (`pid_for_children`, `time_for_children`), so they do not count after the event.
        let before = count(event.tid)
        let remains = before > 0 && tasks.isOwn(event.tid, namespace)
        let after = isIn && (forked.remove(event.tid) != nil || remains) ? 1 : 0
        holders += after - before
        links[event.tid] = after
      case .comm, .state: break
      }
    }
    return holders > 0
  }
}
