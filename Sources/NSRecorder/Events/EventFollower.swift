// Follows every task from event to event: what each event changes, and what there is to tell of it.
// Samples tell where to begin, and whether all was right since (EventFollower+Sample.swift).

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Knows where every task is, as events tell, and makes of events what the history is told.
final class EventFollower {
  let sets = FollowedSets()
  var processes: [Int32: FollowedTask] = [:]
  var threads: [Int32: FollowedThread] = [:]
  /// The threads of the processes that have more than one, as far as they are known.
  var threadsOf: [Int32: Set<Int32>] = [:]
  /// Processes whose main thread exited before others did.
  var paused: [Int32: FollowedTask] = [:]
  /// Processes that ended lately, and in which turn that was.
  private var ended: [Int32: Int] = [:]
  var newborn: [Int32: Birth] = [:]
  private var lastToken: UInt64 = 0
  /// The event being taken in: when it was, and what follows.
  private(set) var now: Int64 = 0
  private(set) var ahead: ArraySlice<EventQueue.Item> = []
  /// What is told next; nil while there is nothing to add to, because a sample is to tell it all.
  var batch: EventBatch?
  /// Counts the batches.
  private var turns = 0
  /// The processes that a sample has to confirm.
  var unconfirmed: Set<Int32> = []
  /// Those that the last sample did not confirm: an event may have been on its way. If the next does
  /// not either, it is right.
  var suspects: Set<Int32> = []
  /// And the threads.
  var suspectThreads: Set<Int32> = []
  /// When an event told what cannot be, by those before it: one of them is missing.
  var contradiction: Int64?
  /// What samples know.
  var sources = SampledProcesses()
  /// Processes that a sample met before their first event was taken in.
  var early: [Int32: ProcessSample.Appearance] = [:]
  /// When the last sample from which all began was over.
  var began: Int64 = .min

  /// A task whose start was told, and its namespaces are told next.
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

  init() { sets.isSurelyHeld = { [unowned self] in isSurelyHeld($0) } }

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
    // Who holds a part of the queue has it copied when that changes.
    defer { self.ahead = [] }
    switch event.kind {
    case .fork(let parentPID, let parentTID): fork(event, parentPID, parentTID)
    case .namespaces(let inodes): place(event, inodes, look)
    case .comm(let name, let isExec): rename(event, name.bytes, isExec: isExec, look)
    case .exit: exit(event, look)
    }
  }

  private func fork(_ event: KernelEvent, _ parentPID: Int32, _ parentTID: Int32) {
    let parent = processes[parentPID]
    newborn[event.tid] = Birth(
      pid: event.pid, parent: threads[parentTID]?.task ?? parent, makerPID: parentPID,
      makerTID: parentTID, set: threads[parentTID]?.set ?? parent?.set)
  }

  private func place(_ event: KernelEvent, _ inodes: NamespaceInodes, _ look: TaskLook?) {
    let isThread = event.tid != event.pid
    if let birth = newborn.removeValue(forKey: event.tid) {
      if isThread {
        let set =
          birth.set.flatMap { $0.inodes == inodes ? $0 : nil }
          ?? resolve(inodes, look, from: birth.set)
        meetThread(event, set)
        threads[event.tid]?.startTicks = Self.ticks(event.time)
      } else {
        start(event, birth, inodes, look)
      }
    } else if isThread {
      let before = threads[event.tid]?.set ?? processes[event.pid]?.set
      meetThread(event, resolve(inodes, look, from: before))
    } else if let task = processes[event.pid] {
      meetThreads(of: task, look)
      move(task, to: resolve(inodes, look, from: task.set), at: event.time)
      task.timeAfterExec = timeAfterExec(look)
    }
    // Of a process that is not known a sample will tell.
  }

  private func start(
    _ event: KernelEvent, _ birth: Birth, _ inodes: NamespaceInodes, _ look: TaskLook?
  ) {
    if let known = processes[event.pid], known.set.isZombie {
      // Of its reaping no event told.
      exit(event)
    } else if let known = processes[event.pid] {
      // A sample may have met it before the kernel told of it.
      if known.source == nil || event.time - began > 1_000_000_000 { contradiction = event.time }
      return
    }
    let expected = birth.set.map(sets.forChildren)
    let place =
      if let expected, expected.inodes == inodes {
        withTime(expected, look, of: birth.set)
      } else {
        withTime(
          sets.withPIDForChildren(resolve(inodes, look, from: expected)), look, of: birth.set)
      }
    setPIDNamespaceForChildren(of: birth, place, at: event.time)
    let task = FollowedTask(
      token: makeToken(), set: place,
      facts: ProcessFacts(
        pid: event.pid, startTicks: Self.ticks(event.time), parentPID: birth.parent?.pid ?? 0,
        isKernelThread: birth.parent?.facts.isKernelThread ?? false, nspid: [event.pid]),
      description: birth.parent?.description
        ?? ProcessDescription(comm: nil, uid: nil, cgroup: nil))
    task.timeAfterExec = timeAfterExec(look)
    if let appearance = early.removeValue(forKey: event.pid) { task.bind(to: appearance) }
    processes[event.pid] = task
    ended[event.pid] = nil
    // The number is another's now.
    paused[event.pid] = nil
    unconfirmed.insert(event.pid)
    sets.enter(place)
    tell(task, parent: birth.parent?.token, at: event.time)
  }

  /// The first child in a pid namespace brings it into being for its parent too
  /// (`pid_namespaces(7)`).
  private func setPIDNamespaceForChildren(
    of birth: Birth, _ place: FollowedSet, at time: Int64
  ) {
    guard let set = birth.set, case .unread(.pending) = set[.pidForChildren] else { return }
    let new = sets.set(set, .pidForChildren, to: place[.pid])
    if threads[birth.makerTID] != nil {
      meetThread(birth.makerTID, of: birth.makerPID, new, at: time)
    } else if birth.makerTID == birth.makerPID, let parent = birth.parent {
      move(parent, to: new, at: time)
    }
  }

  func tell(_ task: FollowedTask, parent: ProcessToken?, tid: Int32? = nil, at time: Int64) {
    guard batch != nil else { return }
    task.told = task.set
    task.start = batch.map { (turns, $0.events.count) }
    batch?.events.append(
      ProcessEvent(
        boot: time,
        .started(
          EventStart(
            token: task.token, parent: parent, tid: tid, facts: task.facts,
            description: task.description, set: task.set.observed))))
  }

  func move(_ task: FollowedTask, to set: FollowedSet, at time: Int64) {
    guard set !== task.set else { return }
    sets.enter(set)
    sets.leave(task.set)
    task.set = set
    unconfirmed.insert(task.pid)
    if batch != nil, task.told != nil {
      task.told = set
      batch?.events.append(ProcessEvent(boot: time, .moved(task.token, set.observed)))
    }
    if processes[task.pid] === task { compareThreads(of: task, at: time) }
  }

  /// Whether a process whose main thread has exited may go on by exec.
  func mayGoOn(_ pid: Int32) -> Bool {
    paused[pid] != nil || processes[pid]?.set.isZombie == true
  }

  /// Whether a process may have threads that no event told of.
  func mayHaveUntold(_ pid: Int32) -> Bool { processes[pid]?.isOlder == true }

  private func rename(
    _ event: KernelEvent, _ name: [UInt8], isExec: Bool, _ look: TaskLook?
  ) {
    guard event.tid == event.pid else { return }
    if isExec {
      // If the main thread has ended, the one that is left executes: it is where that is.
      let set = onlyThread(of: event.pid)?.set ?? look.map { self.set(of: $0.links) }
      forgetThreads(of: event.pid, at: event.time)
      if processes[event.pid] == nil {
        resume(event, in: set)
        processes[event.pid]?.timeAfterExec = look?.links[.time].map { followed(.time, $0) }
      } else if let task = processes[event.pid], task.set.isZombie {
        // Its main thread had exited before all began.
        move(task, to: set ?? self.set(of: [:]), at: event.time)
        task.timeAfterExec = look?.links[.time].map { followed(.time, $0) }
      }
    }
    guard let task = processes[event.pid] else { return }
    // It is then where its children would have gone (exec_task_namespaces of kernel/nsproxy.c).
    if isExec, !task.set.isSame(.time, .timeForChildren) {
      let time = task.timeAfterExec ?? .unread(.unseen)
      move(task, to: sets.set(task.set, .time, to: time), at: event.time)
    }
    if isExec { task.timeAfterExec = nil }
    // A helper of the kernel's is a thread of it up to then.
    if isExec { task.facts.isKernelThread = false }
    guard task.description.comm != name else { return }
    task.description.comm = name
    guard batch != nil, task.told != nil else { return }
    if let start = task.start, start.turn == turns,
      case .started(var told) = batch?.events[start.place].change
    {
      told.description.comm = name
      told.facts.isKernelThread = task.facts.isKernelThread
      batch?.events[start.place].change = .started(told)
    } else {
      batch?.described.append(.init(token: task.token, description: task.description))
    }
  }

  private func exit(_ event: KernelEvent, _ look: TaskLook? = nil) {
    newborn[event.tid] = nil
    if event.tid != event.pid {
      endThread(event.tid, at: event.time)
    } else if let task = processes[event.pid] {
      meetThreads(of: task, look)
      // Those that stay hold its namespaces without it.
      let lasting = lastingThreads(of: event.pid)
      for tid in lasting { setApart(tid, at: event.time) }
      // While all begins it is what a sample would show: that tells it.
      if batch == nil, !lasting.isEmpty { return becomeZombie(task) }
      processes[event.pid] = nil
      sets.leave(task.set)
      // Who began before events were listened to may have threads of which none told.
      let mayResume = threadsOf[event.pid]?.isEmpty == false || task.isOlder
      if mayResume || batch == nil { paused[event.pid] = task }
      if !mayResume { ended[event.pid] = turns }
      unconfirmed.remove(event.pid)
      if batch != nil, task.told != nil {
        batch?.events.append(
          ProcessEvent(boot: event.time, .exited(task.token, mayResume: mayResume)))
      }
    }
  }

  private func becomeZombie(_ task: FollowedTask) {
    let zombie = sets.zombie(task.set)
    sets.enter(zombie)
    sets.leave(task.set)
    task.set = zombie
  }

  private func resume(_ event: KernelEvent, in set: FollowedSet?) {
    guard let task = paused.removeValue(forKey: event.pid) else {
      // It was taken to have ended: one of its threads was made before all began, and is not known.
      if ended[event.pid] != nil || threadsOf[event.pid] != nil { contradiction = event.time }
      return
    }
    // A sample may have met it before the kernel told of it.
    if let appearance = early.removeValue(forKey: task.pid), task.source == nil {
      task.bind(to: appearance)
    }
    // Of a thread that was there before all began no event told where it was.
    task.set = set ?? self.set(of: [:])
    processes[task.pid] = task
    sets.enter(task.set)
    unconfirmed.insert(task.pid)
    guard batch != nil else { return }
    // Its main thread exited while all began: nothing of it was told.
    if task.told == nil { return tell(task, parent: nil, at: event.time) }
    task.told = task.set
    batch?.events.append(ProcessEvent(boot: event.time, .resumed(task.token, task.set.observed)))
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

  /// The start time that `stat` has, as far as the event tells it: the process is made just before.
  static func ticks(_ time: Int64) -> UInt64 {
    UInt64(max(0, time) / (1_000_000_000 / Int64(ClockTick.perSecond)))
  }
}
