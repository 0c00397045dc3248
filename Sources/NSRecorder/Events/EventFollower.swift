// Follows every task from event to event: what each event changes, and what there is to tell of it.
// Samples show where to begin, and whether all was right since (EventFollower+Sample.swift).

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Knows where every task is, as events report, and makes of events what goes into the history.
final class EventFollower {
  let sets = FollowedSets()
  var processes: [Int32: FollowedTask] = [:]
  var threads: [Int32: FollowedThread] = [:]
  /// The threads of the processes that have more than one, as far as they are known.
  var threadsOf: [Int32: Set<Int32>] = [:]
  /// Processes that were reported to have exited and may have threads that were never reported.
  var paused: [Int32: FollowedTask] = [:]
  /// Processes that ended lately, and in which turn that was.
  var ended: [Int32: Int] = [:]
  var newborn: [Int32: Birth] = [:]
  private var lastToken: UInt64 = 0
  /// The event being taken in: when it was, and what follows.
  private(set) var now: Int64 = 0
  private(set) var ahead: ArraySlice<EventQueue.Item> = []
  /// What is reported next; nil while there is nothing to add to, because a sample is to tell it all.
  var batch: EventBatch?
  /// Counts the batches.
  private(set) var turns = 0
  /// The processes that a sample has to confirm.
  var unconfirmed: Set<Int32> = []
  /// Those that the last sample did not confirm: an event may have been on its way. If the next does
  /// not either, it is right.
  var suspects: Set<Int32> = []
  /// And the threads.
  var suspectThreads: Set<Int32> = []
  /// Processes of which not all new names were reported.
  var unreportedNames: Set<Int32> = []
  /// Processes whose user or cgroup a sample has to tell for certain, and in how many samples it will have
  /// been read.
  var unsettled: [Int32: Int] = [:]
  /// When an event reported what cannot be, by those before it: one of them is missing.
  var contradiction: Int64?
  /// Whether the sample with which all is to begin missed a thread that executed a program while it was
  /// taken.
  var needsOtherSample = false
  /// What samples know.
  var sources = SampledProcesses()
  /// Relations of namespaces that no sample has proved yet to be one that a task holds.
  var relations = PendingRelations()
  /// Processes that a sample observed before their first event was taken in.
  var early: [Int32: ProcessSample.Appearance] = [:]
  /// The tasks that change their namespaces too often to record each change.
  var folding = ChangeFolding()
  /// When the last sample from which all began was over.
  var began: Int64 = .min

  /// A task whose start was reported, and its namespaces are reported next.
  struct Birth {
    let pid: Int32
    let parent: FollowedTask?
    /// The process and the thread of it that made this one, and where that was.
    let makerPID: Int32
    let makerTID: Int32
    let set: FollowedSet?
  }

  func makeToken() -> ProcessToken {
    lastToken += 1
    return ProcessToken(number: lastToken)
  }

  /// What a record of a task would say.
  func inodes(of task: Int32) -> NamespaceInodes? {
    (threads[task]?.set ?? processes[task]?.set)?.inodes
  }

  /// The links of a task whose changes are left out at present.
  func folded(_ task: Int32) -> LinkMask {
    (threads[task]?.task ?? processes[task])?.rate?.folded ?? []
  }

  init() { sets.isStillReferenced = { [unowned self] in isStillReferenced($0) } }

  /// Takes in an event.
  ///
  /// - Parameters:
  ///   - look: what the task was right after it; nil where that was not read, or something else
  ///     happened to it by then.
  ///   - ahead: the events that follow, in the order of time.
  func take(
    _ event: KernelEvent, _ look: TaskLook?, ahead: ArraySlice<EventQueue.Item> = []
  ) {
    self.ahead = ahead
    now = event.time
    sets.now = event.time
    sets.applySights()
    // Who holds a part of the queue has it copied when that changes.
    defer {
      self.ahead = []
      if event.tid == event.pid { processes[event.pid]?.lastEvent = event.time }
    }
    switch event.kind {
    case .fork(let parentPID, let parentTID): fork(event, parentPID, parentTID)
    case .namespaces(let inodes): place(event, inodes, look)
    case .comm(let name, let isExec): rename(event, name.bytes, isExec: isExec, look)
    case .exit: exit(event, look)
    }
  }

  func tell(
    _ task: FollowedTask, parent: ProcessToken?, tid: Int32? = nil,
    origin: ThreadOrigin = .unknown, at time: Int64
  ) {
    guard batch != nil else { return }
    task.told = task.set
    task.start = batch.map { (turns, $0.events.count) }
    batch?.events.append(
      ProcessEvent(
        boot: time,
        .started(
          EventStart(
            token: task.token, parent: parent, tid: tid, origin: origin, facts: task.facts,
            description: task.description, set: task.set.observed))))
  }

  func move(_ task: FollowedTask, to set: FollowedSet, at time: Int64) {
    guard set !== task.set else { return }
    sets.enter(set)
    sets.leave(task.set)
    let before = task.set
    // That it is no zombie any more is always reported.
    if before.isZombie { folding.forget(task) }
    task.set = set
    unconfirmed.insert(task.pid)
    let reported = folding.reported(
      task, from: before, of: sets, at: time, batch, threads: threadsOf[task.pid]?.count ?? 0)
    if batch != nil, let told = task.told, told === reported {
      // A process may also be back where it is reported to be: then nothing is left out.
      if task.set !== reported { folding.count += 1 }
      // Threads are compared with what is reported of their process.
      return
    }
    tellMove(of: task, at: time)
    if processes[task.pid] === task { compareThreads(of: task, at: time) }
  }

  /// Reports where a task is, unless that was reported before.
  func tellMove(of task: FollowedTask, at time: Int64) {
    let reported = folding.reported(task, of: sets)
    guard batch != nil, let told = task.told, told !== reported else { return }
    task.told = reported
    batch?.events.append(ProcessEvent(boot: time, .moved(task.token, reported.observed)))
  }

  /// Forgets who can go on no more, and begins the next batch.
  func turn(epoch: Int64) -> EventBatch? {
    turns += 1
    for (pid, task) in paused where threadsOf[pid]?.isEmpty != false && !task.isOlder {
      paused[pid] = nil
    }
    // What executes a program waits only for the other threads of its process to end.
    ended = ended.filter { turns - $0.value <= 2 }
    sets.trim()
    defer { if batch != nil { batch = EventBatch(epoch: epoch) } }
    return batch
  }
}
