internal import NamespaceEvents
internal import NamespaceModel

/// Translates changes of tracked tasks to events of the history, and collects these in the batch under construction.
///
/// Not every change becomes an event. During a resync none does, because its sample reports the whole state. Changes
/// of a task that makes too many are omitted: of namespaces by `ChangeThrottle`, of names by `report`. So each task
/// has, beside its state, the state that was reported last.
final class EventTranslator {
  private let sets: FollowedSets
  /// The batch under construction; nil during a resync.
  private var batch: EventBatch?
  /// The number of finished batches.
  private var finishedBatches = 0
  /// PIDs of processes with changes of name that were not all reported.
  private(set) var unreportedNames: Set<Int32> = []
  /// The tasks that change their namespaces too often to record each change.
  private(set) var throttle = ChangeThrottle()

  /// The most new names of one process that a batch reports: `mostRenames` in a normal batch, `leastRenames` in
  /// one with more events than `long`.
  private static let mostRenames = 16
  private static let leastRenames = 1
  private static let long = 8192

  init(_ sets: FollowedSets) { self.sets = sets }

  // MARK: Batches

  /// Whether changes are reported, and not a sample of a resync.
  var isReporting: Bool { batch != nil }

  /// The wall clock minus the boot clock at the events of the batch; nil during a resync.
  var epoch: WallTime? { batch?.epoch }

  /// Starts the first batch, after a sample of a start or resync reported the whole state.
  func open(epoch: WallTime) { batch = EventBatch(epoch: epoch) }

  /// Drops the batch under construction: from now on a sample reports the whole state.
  func close() { batch = nil }

  /// Finishes the batch under construction, returns it, and starts the next one.
  func finishBatch(epoch: WallTime) -> EventBatch? {
    finishedBatches += 1
    defer { if batch != nil { batch = EventBatch(epoch: epoch) } }
    return batch
  }

  // MARK: Tasks

  func reportStart(
    _ task: FollowedTask, parent: ProcessToken?, tid: Int32? = nil,
    origin: ThreadOrigin = .unknown, at time: BootTime
  ) {
    guard batch != nil else { return }
    task.reported = task.set
    task.start = batch.map { (finishedBatches, $0.events.count) }
    batch?.events.append(
      ProcessEvent(
        boot: time,
        .started(
          EventStart(
            token: task.token, parent: parent, tid: tid, origin: origin, facts: task.facts,
            description: task.description, set: task.set.observed))))
  }

  /// Reports that an exec continues a process that was reported as exited.
  func reportResumed(_ task: FollowedTask, at time: BootTime) {
    guard batch != nil else { return }
    // The main thread exited during the resync, so that the history does not have the process yet.
    if task.reported == nil { return reportStart(task, parent: nil, at: time) }
    task.reported = task.set
    batch?.events.append(ProcessEvent(boot: time, .resumed(task.token, task.set.observed)))
  }

  /// Reports the exit of a process, and its name if changes of it were omitted.
  ///
  /// - Parameter isReaped: whether the process was a zombie that was reaped at some time before, so that the event shows
  ///   only that it no longer exists.
  func reportExit(_ task: FollowedTask, at time: BootTime, mayResume: Bool, isReaped: Bool) {
    reportLastName(of: task, at: time)
    throttle.release(task)
    guard batch != nil, task.reported != nil else { return }
    batch?.events.append(
      ProcessEvent(
        boot: time,
        isReaped ? .reaped(task.token) : .exited(task.token, mayResume: mayResume)))
  }

  /// Reports the exit of a thread, if the history has it as a task of its own.
  func reportExit(_ thread: FollowedThread, at time: BootTime) {
    guard let task = thread.task else { return }
    throttle.release(task)
    guard batch != nil, task.reported != nil else { return }
    batch?.events.append(ProcessEvent(boot: time, .exited(task.token, mayResume: false)))
  }

  // MARK: Namespaces

  /// Counts a change of a task's set, and reports it unless it is omitted. Returns whether the reported set has
  /// changed, so that the threads of the process may differ from it now.
  ///
  /// - Parameter threads: the number of other threads of the process.
  func reportMove(
    of task: FollowedTask, from before: FollowedSet, at time: BootTime, threads: Int
  ) -> Bool {
    let reported = throttle.reported(
      task, from: before, of: sets, at: time, batch, threads: threads)
    if batch != nil, let last = task.reported, last === reported {
      // If the task is back in its reported set, no change is omitted.
      if task.set !== reported { throttle.count += 1 }
      return false
    }
    reportMove(of: task, at: time)
    return true
  }

  /// Reports the namespaces of a task if they differ from those reported last.
  func reportMove(of task: FollowedTask, at time: BootTime) {
    let reported = setToReport(task)
    guard batch != nil, let last = task.reported, last !== reported else { return }
    task.reported = reported
    batch?.events.append(ProcessEvent(boot: time, .moved(task.token, reported.observed)))
  }

  /// Returns the set to report for a task, with its throttled links as unread.
  func setToReport(_ task: FollowedTask) -> FollowedSet { throttle.reported(task, of: sets) }

  /// Counts a thread whose namespaces come to differ from its process's, and returns whether this difference is
  /// omitted: then the links in which the two differ are throttled, and reported as unread for the process.
  func omits(_ thread: FollowedSet, of process: FollowedTask, at time: BootTime) -> Bool {
    guard throttle.omits(thread, of: process, at: time, batch) else { return false }
    reportMove(of: process, at: time)
    return true
  }

  /// Stops throttling a task, because the task has exited or its state is reported otherwise.
  func stopThrottling(_ task: FollowedTask) { throttle.release(task) }

  /// Stops throttling the tasks for which `isVerified` returns true, and returns them.
  func stopThrottling(where isVerified: (FollowedTask) -> Bool) -> [FollowedTask] {
    throttle.release(where: isVerified)
  }

  /// Adds changes of namespaces that the queue of events omitted.
  func addOmittedChanges(_ count: Int) { throttle.count += count }

  /// Returns the number of omitted changes since the last call.
  func takeOmittedChanges() -> OmittedChanges {
    defer { throttle.count = 0 }
    return OmittedChanges(
      count: throttle.count, tasks: throttle.taskCount, pid: throttle.first?.pid,
      comm: throttle.first?.description.comm)
  }

  // MARK: Descriptions

  /// Gives a task a new description and reports it.
  ///
  /// - Parameter isExec: whether the process executed a program.
  func describe(
    _ task: FollowedTask, as description: ProcessDescription, isExec: Bool, at time: BootTime
  ) {
    guard description != task.description else { return }
    task.description = description
    guard batch != nil, task.reported != nil else { return }
    guard let start = task.start, start.batch == finishedBatches,
      case .started(var started) = batch?.events[start.index].change
    else { return report(task, at: time) }
    // If a new process executes a program within the batch of its start, the start event gets the new
    // description. The description is a separate event if the process may have executed another program
    // under its earlier name, or changed its namespaces.
    let isSeparateEvent =
      task.renames?.batch == finishedBatches
      || ((description.comm != started.description.comm
        || description.program != started.description.program)
        && ((isExec && task.hasExecuted) || task.reported?.observed !== started.set))
    if !isSeparateEvent { started.description = description }
    started.facts.isKernelThread = task.facts.isKernelThread
    batch?.events[start.index].change = .started(started)
    if isSeparateEvent { report(task, at: time) }
  }

  /// Reports a new description. If a process changes its name too often, as any process can, the later
  /// names are omitted: the next change of name in a later batch, the next sample or the exit reports the
  /// name again.
  private func report(_ task: FollowedTask, at time: BootTime) {
    let count = task.renames?.batch == finishedBatches ? task.renames?.count ?? 0 : 0
    task.renames = (finishedBatches, count + 1)
    let isLong = (batch?.events.count ?? 0) > Self.long
    guard count < (isLong ? Self.leastRenames : Self.mostRenames) else {
      guard unreportedNames.insert(task.pid).inserted else { return }
      // From here on the history has no name: the process no longer has the reported one, and its new one is
      // not recorded.
      var hidden = ProcessDescription(comm: nil, uid: nil, cgroup: nil)
      hidden.hidesNames = true
      batch?.events.append(ProcessEvent(boot: time, .described(task.token, hidden)))
      return
    }
    var description = task.description
    description.mayBeOlder = unreportedNames.remove(task.pid) != nil
    description.changedSince = task.changedSince
    batch?.events.append(ProcessEvent(boot: time, .described(task.token, description)))
  }

  /// Reports the name of a process at its exit, if earlier changes of name were omitted.
  private func reportLastName(of task: FollowedTask, at time: BootTime) {
    guard unreportedNames.remove(task.pid) != nil, batch != nil, task.reported != nil else {
      return
    }
    var description = task.description
    description.mayBeOlder = true
    batch?.events.append(ProcessEvent(boot: time, .described(task.token, description)))
  }

  /// Returns the PIDs of the processes whose name a sample has to report, because changes of it were omitted.
  func takeUnreportedNames() -> Set<Int32> {
    defer { unreportedNames.removeAll() }
    return unreportedNames
  }

  // MARK: Resync

  /// Begins a resync: its sample reports the state of all tasks, except those of the processes in `throttled`, whose
  /// state it does not establish.
  func beginResync(throttled: Set<Int32>) {
    close()
    throttle.releaseAll(except: throttled)
    unreportedNames.removeAll()
  }
}

/// The number of omitted changes, and their tasks; see `ChangeRate`.
struct OmittedChanges {
  var count = 0
  /// The number of tasks with throttled links, and the PID and name of one of them.
  var tasks = 0
  var pid: Int32?
  var comm: [UInt8]?
}
