internal import NamespaceEvents
internal import NamespaceModel

/// The tasks with throttled links: their changes are omitted from the history because they are too frequent; see
/// `ChangeRate`.
struct ChangeThrottle {
  /// The number of changes omitted since the recorder last reported and reset this count.
  var count = 0
  private var tasks: [ProcessToken: FollowedTask] = [:]
  /// A batch with more events than this is long; the recorder then records fewer changes of each task.
  private static let long = 8192
  /// Comparing this many threads with a process that changes its namespaces costs as much as the change
  /// itself.
  private static let threadsPerMove = 64

  /// Of the tasks with throttled links, the one with the lowest token number.
  var first: FollowedTask? { tasks.min { $0.key.number < $1.key.number }?.value }

  /// The number of tasks with throttled links.
  var taskCount: Int { tasks.count }

  /// Counts a change of a task, and returns the set to report for the task from now on.
  ///
  /// - Parameters:
  ///   - before: the set of the task before the change.
  ///   - batch: the batch of events under construction; nil during a resync, when a sample will report the
  ///     state.
  ///   - threads: the number of other threads of the process, each of which is compared with the process.
  mutating func reported(
    _ task: FollowedTask, from before: FollowedSet, of sets: FollowedSets, at time: BootTime,
    _ batch: EventBatch?, threads: Int
  ) -> FollowedSet {
    guard let batch else { return task.set }
    let rate = task.rate ?? ChangeRate()
    task.rate = rate
    let most =
      batch.events.count > Self.long
      ? ChangeRate.least : ChangeRate.most / (1 + threads / Self.threadsPerMove)
    let isReported = rate.count(from: before, to: task.set, at: time, most: most)
    guard !rate.throttled.isEmpty else { return task.set }
    tasks[task.token] = task
    if !isReported, let reported = task.reported { return reported }
    return sets.throttled(task.set, rate.throttled)
  }

  /// Counts a thread whose namespaces come to differ from its process's, and returns whether this
  /// difference is omitted because too many threads differ. The links in which the two differ are then
  /// throttled: the history has them as unread for the process.
  mutating func omits(
    _ thread: FollowedSet, of process: FollowedTask, at time: BootTime, _ batch: EventBatch?
  ) -> Bool {
    guard let batch, process.reported != nil else { return false }
    let rate = process.rate ?? ChangeRate()
    process.rate = rate
    let most = batch.events.count > Self.long ? ChangeRate.least : ChangeRate.most
    guard rate.countThread(thread, of: process.set, at: time, most: most) else { return false }
    tasks[process.token] = process
    count += 1
    return true
  }

  /// Stops throttling the tasks for which `isVerified` returns true, and returns them: a sample shows the
  /// namespaces of such a task, because no event of the task occurred while the sample was taken.
  mutating func release(where isVerified: (FollowedTask) -> Bool) -> [FollowedTask] {
    guard !tasks.isEmpty else { return [] }
    let released = tasks.values.filter(isVerified)
    for task in released { release(task) }
    return released
  }

  /// Stops throttling a task, because the task has exited or a sample reports its state.
  mutating func release(_ task: FollowedTask) {
    task.rate = nil
    tasks[task.token] = nil
  }

  /// Stops throttling all tasks, because a sample reports their state, except the tasks of the processes in
  /// `throttled`, whose state the sample does not establish.
  mutating func releaseAll(except throttled: Set<Int32>) {
    for task in tasks.values where !throttled.contains(task.pid) { release(task) }
  }

  /// Returns the set to report for a task, with its throttled links as unread.
  func reported(_ task: FollowedTask, of sets: FollowedSets) -> FollowedSet {
    guard let rate = task.rate, !rate.throttled.isEmpty else { return task.set }
    return sets.throttled(task.set, rate.throttled)
  }
}

/// A set of namespace links.
struct LinkMask: OptionSet {
  let rawValue: UInt16

  init(rawValue: UInt16) { self.rawValue = rawValue }

  init(_ link: NamespaceLink) { rawValue = 1 << UInt16(link.rawValue) }

  func contains(_ link: NamespaceLink) -> Bool { contains(LinkMask(link)) }
}

/// Counts how often a task changes each of its namespace links.
///
/// unshare(2) and setns(2) take microseconds, and unprivileged tasks can call them, but a row of the history
/// costs more. A link that changes too often is therefore throttled: its changes are omitted from the history,
/// which has the link as unread until a sample reports its namespace. The other links of the task, and all
/// other tasks, stay exact.
final class ChangeRate {
  /// The throttled links.
  fileprivate(set) var throttled: LinkMask = []
  fileprivate var since: BootTime = .zero
  fileprivate var threads = 0
  fileprivate var counts = [Int](repeating: 0, count: NamespaceLink.count)

  /// The most changes of a link within one second that the recorder records one by one.
  static let most = 500
  /// The limit in place of `most` while the batch of events under construction is long already.
  static let least = 4
  fileprivate static let second: Int64 = 1_000_000_000

  /// Counts a change of a task's links.
  ///
  /// - Parameter most: the most changes of a link within one second that the recorder records.
  /// - Returns: whether to report the change, because some link changed that was not throttled before.
  func count(
    from before: FollowedSet, to after: FollowedSet, at time: BootTime, most: Int
  ) -> Bool {
    advance(to: time)
    var isReported = false
    // A task never changes its own pid namespace (pid_namespaces(7)).
    for link in NamespaceLink.allCases
    where link != .pid && before[link].key != after[link].key {
      guard !throttled.contains(link) else { continue }
      isReported = true
      counts[Int(link.rawValue)] += 1
      if counts[Int(link.rawValue)] > most { throttled.insert(LinkMask(link)) }
    }
    return isReported
  }
}

extension ChangeRate {
  /// Counts a thread whose namespaces come to differ from its process's.
  ///
  /// - Returns: whether to omit the difference, because more than `most` threads differ within one
  ///   second. The links in which the thread differs are then throttled.
  func countThread(_ thread: FollowedSet, of process: FollowedSet, at time: BootTime, most: Int)
    -> Bool
  {
    advance(to: time)
    threads += 1
    guard threads > most else { return false }
    for link in NamespaceLink.allCases
    where link != .pid && thread[link].key != process[link].key {
      throttled.insert(LinkMask(link))
    }
    return true
  }

  /// Resets the counts if a second has passed since the last reset.
  private func advance(to time: BootTime) {
    guard time < since || time - since >= Self.second else { return }
    since = time
    threads = 0
    for index in counts.indices { counts[index] = 0 }
  }
}

extension NamespaceInodes {
  /// Returns the links whose inode numbers differ.
  func differences(from other: NamespaceInodes) -> LinkMask {
    var mask: LinkMask = []
    for type in NamespaceType.allCases where self[type] != other[type] {
      mask.insert(LinkMask(type.link))
    }
    return mask
  }
}
