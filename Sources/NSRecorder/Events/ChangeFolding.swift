internal import NamespaceModel

/// The tasks of which changes are left out because they are too many; see `ChangeRate`.
struct ChangeFolding {
  /// How many changes were left out since the last `takeCount`.
  var count = 0
  private var tasks: [ProcessToken: FollowedTask] = [:]
  /// A batch with more events is long: then of each task less is recorded.
  private static let long = 8192
  /// So many threads of a process that moves cost as much as the move.
  private static let threadsPerMove = 64

  /// The task that began to be folded first, of those that are.
  var first: FollowedTask? { tasks.min { $0.key.number < $1.key.number }?.value }

  /// How many tasks are folded.
  var taskCount: Int { tasks.count }

  /// Counts a change of a task, and gives the set that is reported of it from now on.
  ///
  /// - Parameters:
  ///   - before: where the task was.
  ///   - batch: the batch that is being made; nil where a sample will show where the task is.
  ///   - threads: how many other threads the process has, each of which is compared with it.
  mutating func reported(
    _ task: FollowedTask, from before: FollowedSet, of sets: FollowedSets, at time: Int64,
    _ batch: EventBatch?, threads: Int
  ) -> FollowedSet {
    guard let batch else { return task.set }
    let rate = task.rate ?? ChangeRate()
    task.rate = rate
    let most =
      batch.events.count > Self.long
      ? ChangeRate.least : ChangeRate.most / (1 + threads / Self.threadsPerMove)
    let isReported = rate.count(from: before, to: task.set, at: time, most: most)
    guard !rate.folded.isEmpty else { return task.set }
    tasks[task.token] = task
    if !isReported, let reported = task.told { return reported }
    return sets.folded(task.set, rate.folded)
  }

  /// Counts a thread that comes to differ from its process, and tells whether that is left out: then
  /// its process is reported to be where nothing is known of the links in which the two differ.
  mutating func leavesOut(
    _ thread: FollowedSet, of process: FollowedTask, at time: Int64, _ batch: EventBatch?
  ) -> Bool {
    guard let batch, process.told != nil else { return false }
    let rate = process.rate ?? ChangeRate()
    process.rate = rate
    let most = batch.events.count > Self.long ? ChangeRate.least : ChangeRate.most
    guard rate.countThread(thread, of: process.set, at: time, most: most) else { return false }
    tasks[process.token] = process
    count += 1
    return true
  }

  /// The tasks that a sample shows to be where they are: nothing happened to them while it was taken.
  /// They are not folded any more.
  mutating func settle(where isSettled: (FollowedTask) -> Bool) -> [FollowedTask] {
    guard !tasks.isEmpty else { return [] }
    let settled = tasks.values.filter(isSettled)
    for task in settled { forget(task) }
    return settled
  }

  /// A task is gone, or a sample shows it anew.
  mutating func forget(_ task: FollowedTask) {
    task.rate = nil
    tasks[task.token] = nil
  }

  /// Folds none any more, because a sample shows where all are; but for the tasks of some processes, of
  /// which it does not.
  mutating func forgetAll(but folded: Set<Int32>) {
    for task in tasks.values where !folded.contains(task.pid) { forget(task) }
  }

  /// The set that is reported of a task.
  func reported(_ task: FollowedTask, of sets: FollowedSets) -> FollowedSet {
    guard let rate = task.rate, !rate.folded.isEmpty else { return task.set }
    return sets.folded(task.set, rate.folded)
  }
}
