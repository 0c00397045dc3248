internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The rules by which events change the tracked tasks: how a task starts, changes its namespaces, executes a program and
/// exits.
///
/// For a new task the kernel reports the fork first, and then the task's namespaces. unshare(2) and setns(2) act on one
/// thread. A thread whose namespaces come to differ from those of its process is a task of its own from then on, until it
/// exits; its return to the namespaces of its process is one more change of the task. The namespaces of a process are
/// those of its main thread. A process exits with the last of its threads: if its main thread has exited and other
/// threads still run, its links are those of a zombie.
///
/// Each rule changes the table of tasks, notes what the next sample has to confirm, and has the translator report the
/// change. If the event cannot follow on the events before it, the rule marks the `SyncState` as contradicted.
struct TaskTransitions {
  private let tasks: TaskTable
  private let sets: FollowedSets
  private let namespaces: NamespaceResolver
  private let translator: EventTranslator
  private let reconciler: SampleReconciler

  init(
    _ tasks: TaskTable, _ sets: FollowedSets, _ namespaces: NamespaceResolver,
    _ translator: EventTranslator, _ reconciler: SampleReconciler
  ) {
    self.tasks = tasks
    self.sets = sets
    self.namespaces = namespaces
    self.translator = translator
    self.reconciler = reconciler
  }

  // MARK: Starts

  /// Applies the fork of a task. Its namespaces follow, unless its state came with the event.
  func fork(
    _ event: KernelEvent, by makerTID: Int32, of makerPID: Int32, _ sync: inout SyncState
  ) {
    tasks.addFork(event.tid, of: event.pid, by: makerTID, of: makerPID)
    if let state = event.state { begin(event, state, &sync) }
  }

  /// Applies the state that came with the fork event of a task.
  private func begin(_ event: KernelEvent, _ state: TaskState, _ sync: inout SyncState) {
    guard let pendingFork = tasks.takeFork(event.tid) else { return }
    var set = namespaces.set(state.set)
    // The state lacks a pid namespace that lies deep.
    if case .unread(.unseen) = set[.pid], let parent = pendingFork.set {
      set = sets.set(set, .pid, to: event.tid == event.pid ? parent[.pidForChildren] : parent[.pid])
    }
    if event.tid != event.pid {
      observeThread(event, set, .started)
      // The name is not needed: the state of a process that the thread makes has it.
      tasks.setStart(of: event.tid, state.startTime.ticks, comm: nil)
      return
    }
    guard replacesZombie(event, &sync) else { return }
    var description = ProcessDescription(inheritedFrom: pendingFork)
    description.uid = state.uid
    description.inherited.remove(.user)
    // The parent is another one than the maker after clone(2) with CLONE_PARENT.
    if state.parentPID != pendingFork.makerPID { description.parentPID = state.parentPID }
    if description.comm.map({ CommName($0) != state.comm }) ?? true {
      description.comm = state.comm.bytes
    }
    let facts = ProcessFacts(
      pid: event.pid, startTicks: state.startTime.ticks,
      parentPID: pendingFork.parent?.pid ?? 0, isKernelThread: state.isKernelThread,
      nspid: state.nspid)
    start(
      FollowedTask(token: tasks.makeToken(), set: set, facts: facts, description: description),
      pendingFork, at: event.time)
  }

  private func start(
    _ event: KernelEvent, _ pendingFork: TaskTable.PendingFork, _ inodes: NamespaceInodes,
    _ probed: ProbedTask?, _ lookahead: Lookahead, _ sync: inout SyncState
  ) {
    guard replacesZombie(event, &sync) else { return }
    let expected = pendingFork.set.map(sets.forChildren)
    let set =
      if let expected, expected.inodes == inodes {
        namespaces.withTime(expected, probed, of: pendingFork.set, lookahead)
      } else {
        namespaces.withTime(
          sets.withPIDForChildren(namespaces.resolve(inodes, probed, from: expected, lookahead)),
          probed, of: pendingFork.set, lookahead)
      }
    let task = FollowedTask(
      token: tasks.makeToken(), set: set,
      facts: ProcessFacts(
        pid: event.pid, startTicks: event.time.ticks, parentPID: pendingFork.parent?.pid ?? 0,
        isKernelThread: pendingFork.parent?.facts.isKernelThread ?? false, nspid: [event.pid]),
      description: ProcessDescription(inheritedFrom: pendingFork))
    task.timeAfterExec = namespaces.timeAfterExec(probed, lookahead)
    start(task, pendingFork, at: event.time)
  }

  /// Returns whether a process may start with the PID of an event: there is none with it, or only a zombie, whose end
  /// is reported then.
  private func replacesZombie(_ event: KernelEvent, _ sync: inout SyncState) -> Bool {
    guard let known = tasks.processes[event.pid] else { return true }
    guard known.set.isZombie else {
      // A sample may have observed the process before the kernel reported its start.
      if known.source == nil || sync.isLongAfterSample(event.time) {
        sync.contradict(at: event.time)
      }
      return false
    }
    // No event reports that a zombie was reaped. The new process shows that the zombie with its PID was.
    for thread in tasks.takeThreads(of: event.pid) { end(thread, at: event.time) }
    end(known, at: event.time, isReaped: true, sync)
    return true
  }

  /// Adds a process that has started.
  private func start(_ task: FollowedTask, _ pendingFork: TaskTable.PendingFork, at time: BootTime)
  {
    setPIDNamespaceForChildren(of: pendingFork, task.set, at: time)
    task.predecessorExit = tasks.takeExit(task.pid)
    reconciler.noteStart(of: task)
    tasks.add(task, in: task.set)
    translator.reportStart(task, parent: pendingFork.parent?.token, at: time)
  }

  /// Resolves the parent's `pid_for_children` link when its first child starts: that child is the first
  /// process of the new pid namespace (`pid_namespaces(7)`).
  private func setPIDNamespaceForChildren(
    of pendingFork: TaskTable.PendingFork, _ childSet: FollowedSet, at time: BootTime
  ) {
    guard let set = pendingFork.set, case .unread(.pending) = set[.pidForChildren] else { return }
    let new = sets.set(set, .pidForChildren, to: childSet[.pid])
    if tasks.threads[pendingFork.makerTID] != nil {
      observeThread(pendingFork.makerTID, of: pendingFork.makerPID, new, .unknown, at: time)
    } else if pendingFork.makerTID == pendingFork.makerPID, let parent = pendingFork.parent {
      move(parent, to: new, at: time)
    }
  }

  // MARK: Changes of namespaces

  /// Applies a state that a task is in at the time of an event.
  func apply(_ event: KernelEvent, _ state: TaskState) {
    if event.tid != event.pid {
      let before = tasks.set(of: event.tid, in: event.pid)
      let isKnown = before?.isZombie == false
      observeThread(
        event, namespaces.set(of: state, before: before),
        isKnown ? before.map { .moved(from: $0.observed.links) } ?? .unknown : .unknown)
    } else if let task = tasks.processes[event.pid], !task.set.isZombie {
      move(task, to: namespaces.set(of: state, before: task.set), at: event.time)
    }
  }

  func apply(
    _ event: KernelEvent, _ inodes: NamespaceInodes, _ probed: ProbedTask?, _ lookahead: Lookahead,
    _ sync: inout SyncState
  ) {
    if let state = event.state {
      if let probed, event.tid == event.pid, let task = tasks.processes[event.pid] {
        namespaces.learnEntered(state.set, probed, lastEvent: task.lastEvent)
      }
      apply(event, state)
      if event.tid == event.pid, let task = tasks.processes[event.pid] {
        describe(task, named: nil, probed?.description, at: event.time)
      }
      return
    }
    let isThread = event.tid != event.pid
    if let pendingFork = tasks.takeFork(event.tid) {
      if isThread {
        let set =
          pendingFork.set.flatMap { $0.inodes == inodes ? $0 : nil }
          ?? namespaces.resolve(inodes, probed, from: pendingFork.set, lookahead)
        observeThread(event, set, .started)
        tasks.setStart(of: event.tid, event.time.ticks, comm: pendingFork.comm)
      } else {
        start(event, pendingFork, inodes, probed, lookahead, &sync)
      }
    } else if isThread {
      let before = tasks.set(of: event.tid, in: event.pid)
      let isKnown = before?.isZombie == false
      observeThread(
        event, namespaces.resolve(inodes, probed, from: before, lookahead),
        isKnown ? before.map { .moved(from: $0.observed.links) } ?? .unknown : .unknown)
    } else if let task = tasks.processes[event.pid] {
      discoverThreads(of: task, probed, lookahead)
      let set = namespaces.resolve(
        inodes, probed, from: task.set, lastEvent: task.lastEvent, lookahead)
      move(task, to: set, at: event.time)
      task.timeAfterExec = namespaces.timeAfterExec(probed, lookahead)
      describe(task, named: nil, probed?.description, at: event.time)
    } else {
      // The follower does not track the process; a sample will report it. The process may have created the
      // namespaces that now have these inode numbers, so what was known about the numbers no longer holds.
      namespaces.forgetUnheld(inodes)
    }
  }

  /// Moves a task to another set, and compares the threads of a process with its new one.
  private func move(_ task: FollowedTask, to set: FollowedSet, at time: BootTime) {
    guard set !== task.set else { return }
    let before = task.set
    // The follower always reports that a task is no zombie any more, even if its changes are too
    // frequent.
    if before.isZombie { translator.stopThrottling(task) }
    task.move(to: set)
    reconciler.awaitSample(of: task.pid)
    let isReported = translator.reportMove(
      of: task, from: before, at: time, threads: tasks.threadsOf[task.pid]?.count ?? 0)
    // While the reported set of a process is unchanged, its threads need no comparison with it.
    if isReported, tasks.processes[task.pid] === task { compareThreads(of: task, at: time) }
  }

  // MARK: Names and programs

  /// Applies a change of name, or an exec, also one by another thread after the main thread has exited.
  func rename(
    _ event: KernelEvent, _ name: [UInt8], isExec: Bool, _ probed: ProbedTask?,
    _ lookahead: Lookahead, _ sync: inout SyncState
  ) {
    guard event.tid == event.pid else { return tasks.setComm(of: event.tid, name) }
    if isExec {
      // If the main thread has exited, another thread executes the program, and the process gets the
      // namespaces of that thread.
      let state = event.state.map {
        namespaces.set(of: $0, before: tasks.processes[event.pid]?.set)
      }
      let set =
        state ?? tasks.onlyThread(of: event.pid)?.set
        ?? probed.map { namespaces.set(of: $0.links, lookahead) }
      let threads = tasks.takeThreads(of: event.pid)
      if tasks.processes[event.pid] == nil {
        resume(event, in: set ?? namespaces.set(of: [:], lookahead), &sync)
        tasks.processes[event.pid]?.timeAfterExec = namespaces.timeNamespace(probed, lookahead)
      } else if let task = tasks.processes[event.pid], task.set.isZombie {
        task.exiting = []
        move(task, to: set ?? namespaces.set(of: [:], lookahead), at: event.time)
        task.timeAfterExec = namespaces.timeNamespace(probed, lookahead)
      }
      // The threads end last: the process has entered the namespaces of one of them by now, so that these do
      // not lose their last reference.
      for thread in threads { end(thread, at: event.time) }
    }
    guard let task = tasks.processes[event.pid] else { return }
    // At exec a process enters its time namespace for children (exec_task_namespaces of
    // kernel/nsproxy.c).
    if isExec, let state = event.state {
      move(task, to: namespaces.set(of: state, before: task.set), at: event.time)
    } else if isExec, !task.set.isSame(.time, .timeForChildren) {
      let time = task.timeAfterExec ?? .unread(.unseen)
      move(task, to: sets.set(task.set, .time, to: time), at: event.time)
    }
    if isExec { task.timeAfterExec = nil }
    // A user-mode helper of the kernel is a kernel thread until its exec.
    if isExec { task.facts.isKernelThread = false }
    var read = probed?.description
    if isExec, let state = event.state {
      read = read ?? ProcessDescription(comm: nil, uid: nil, cgroup: nil)
      read?.uid = state.uid
    }
    describe(task, named: name, read, isExec: isExec, at: event.time)
  }

  private func resume(_ event: KernelEvent, in set: FollowedSet, _ sync: inout SyncState) {
    guard let task = tasks.takeResumable(event.pid) else {
      // The process was recorded as exited, or has known threads: the follower missed a thread that existed
      // before the start or resync.
      if tasks.ended(event.pid)?.mayResume == false || tasks.threadsOf[event.pid] != nil {
        sync.contradict(at: event.time)
      }
      // The last sample shows the main thread as a zombie, but not the thread that executes.
      if reconciler.showsZombie(event.pid) { sync.missThread(at: event.time) }
      return
    }
    translator.stopThrottling(task)
    reconciler.noteResumption(of: task)
    // No event reported the namespaces of a thread that existed before the start or resync.
    tasks.add(task, in: set)
    translator.reportResumed(task, at: event.time)
  }

  /// Applies a new name of a process, or a probed user and cgroup.
  ///
  /// - Parameter isExec: whether the process executed a program. Its program is unknown then, unless the probe read it.
  ///   Its earlier user, cgroup and login are uncertain: a program that starts others often changes these before the
  ///   exec.
  private func describe(
    _ task: FollowedTask, named name: [UInt8]?, _ read: ProcessDescription?,
    isExec: Bool = false, at time: BootTime
  ) {
    var description = task.description
    description.comm = name ?? description.comm
    if isExec {
      description.program = .unknown
      description.inherited = [.user, .cgroup]
      if description.login != nil { description.inherited.insert(.login) }
      reconciler.noteExec(of: task, read)
    }
    if let read { description.update(read) }
    translator.describe(task, as: description, isExec: isExec, at: time)
    if isExec { task.hasExecuted = true }
  }

  // MARK: Exits

  /// Applies the exit of a thread, or of the main thread of a process.
  func exit(_ event: KernelEvent, _ probed: ProbedTask?, _ lookahead: Lookahead, _ sync: SyncState)
  {
    tasks.takeFork(event.tid)
    if event.tid != event.pid {
      endThread(event.tid, at: event.time)
      if let task = tasks.processes[event.pid], task.set.isZombie {
        updateZombie(task, afterExitOf: event.tid, at: event.time, sync)
      }
    } else if let task = tasks.processes[event.pid] {
      discoverThreads(of: task, probed, lookahead)
      if tasks.threadsOf[event.pid] == nil {
        end(task, at: event.time, sync)
      } else if !task.set.isZombie {
        // If the set is a zombie's already, a sample showed earlier that the main thread had exited.
        endMainThread(of: task, at: event.time, lookahead)
      }
    }
  }

  /// Handles the exit of a main thread while other threads remain. The process is reported as a zombie,
  /// unless the other threads are about to exit too, or one of them is about to execute a program.
  private func endMainThread(
    of task: FollowedTask, at time: BootTime, _ lookahead: Lookahead
  ) {
    let lasting = lookahead.lastingThreads(of: task.pid)
    // The remaining threads stay in their namespaces, so each becomes a task of its own.
    for tid in lasting { makeTask(tid, at: time) }
    becomeZombie(task)
    if lasting.isEmpty {
      task.exiting = tasks.threadsOf[task.pid] ?? []
    } else {
      translator.reportMove(of: task, at: time)
    }
  }

  /// Handles the exit of a thread whose main thread has exited before.
  private func updateZombie(
    _ task: FollowedTask, afterExitOf tid: Int32, at time: BootTime, _ sync: SyncState
  ) {
    guard let others = tasks.threadsOf[task.pid] else { return end(task, at: time, sync) }
    guard task.exiting.remove(tid) != nil, task.exiting.isEmpty else { return }
    // The threads that were expected to exit have exited; the others were created meanwhile and remain.
    for tid in others { makeTask(tid, at: time) }
    translator.reportMove(of: task, at: time)
  }

  /// Drops a process whose last thread has exited, and reports the exit.
  ///
  /// - Parameter isReaped: whether the process was a zombie that was reaped at some time before, so that the event shows
  ///   only that it no longer exists.
  private func end(
    _ task: FollowedTask, at time: BootTime, isReaped: Bool = false, _ sync: SyncState
  ) {
    // A process that a sample discovered may have threads that no event reported.
    let mayResume = task.isOlder
    tasks.end(
      task, at: time, mayResume: mayResume, isResumable: mayResume || sync.isResyncing)
    reconciler.noteExit(of: task.pid)
    translator.reportExit(task, at: time, mayResume: mayResume, isReaped: isReaped)
  }

  private func becomeZombie(_ task: FollowedTask) {
    translator.stopThrottling(task)
    task.move(to: sets.zombie(task.set))
  }

  // MARK: Threads

  /// Applies the set of a thread that an event reported.
  private func observeThread(_ event: KernelEvent, _ set: FollowedSet, _ origin: ThreadOrigin) {
    observeThread(event.tid, of: event.pid, set, origin, at: event.time)
  }

  private func observeThread(
    _ tid: Int32, of pid: Int32, _ set: FollowedSet, _ origin: ThreadOrigin, at time: BootTime
  ) {
    tasks.observe(tid, of: pid, in: set)
    compare(tid, origin, at: time)
  }

  /// Adds the unknown threads of a process that the probe read right after an event of the process: they
  /// started before the recorder listened to events.
  private func discoverThreads(of task: FollowedTask, _ probed: ProbedTask?, _ lookahead: Lookahead)
  {
    for (tid, links) in probed?.threads ?? [:] where tasks.threads[tid] == nil {
      tasks.add(FollowedThread(pid: task.pid, set: namespaces.set(of: links, lookahead)), tid)
    }
  }

  /// Compares each thread of a process with the process, after the process changed its namespaces.
  func compareThreads(of task: FollowedTask, at time: BootTime) {
    for tid in tasks.threadsOf[task.pid] ?? [] { compare(tid, .unknown, at: time) }
  }

  private func compare(_ tid: Int32, _ origin: ThreadOrigin, at time: BootTime) {
    guard let thread = tasks.threads[tid], let process = tasks.process(of: thread) else { return }
    if let task = thread.task { return move(task, to: thread.set, at: time) }
    // After the exit of the main thread, every other thread is a task of its own, whatever its namespaces
    // are, unless it is about to exit too.
    let isBesideZombie = tasks.processes[thread.pid] == nil || process.set.isZombie
    guard
      isBesideZombie ? process.exiting.isEmpty : thread.set.isElsewhere(than: process.set)
    else { return }
    if !isBesideZombie, translator.omits(thread.set, of: process, at: time) {
      reconciler.awaitSample(of: process.pid)
      return
    }
    makeTask(tid, thread, of: process, origin, at: time)
  }

  /// Makes a thread a task of its own from now on, whatever the namespaces of its process are.
  private func makeTask(_ tid: Int32, at time: BootTime) {
    guard let thread = tasks.threads[tid], thread.task == nil,
      let process = tasks.processes[thread.pid]
    else { return }
    makeTask(tid, thread, of: process, .unknown, at: time)
  }

  private func makeTask(
    _ tid: Int32, _ thread: FollowedThread, of process: FollowedTask, _ origin: ThreadOrigin,
    at time: BootTime
  ) {
    let task = tasks.makeTask(of: tid, thread, of: process)
    translator.reportStart(task, parent: process.token, tid: tid, origin: origin, at: time)
  }

  /// Removes a thread that exited.
  private func endThread(_ tid: Int32, at time: BootTime) {
    guard let thread = tasks.removeThread(tid) else { return }
    translator.reportExit(thread, at: time)
  }

  /// Ends a thread that was removed from the table, and reports the exit if the history has it as a task of its own.
  private func end(_ thread: FollowedThread, at time: BootTime) {
    tasks.release(thread)
    translator.reportExit(thread, at: time)
  }
}

extension ProcessDescription {
  /// The description that a new process inherits from its parent.
  fileprivate init(inheritedFrom fork: TaskTable.PendingFork) {
    self = fork.parent?.description ?? ProcessDescription(comm: nil, uid: nil, cgroup: nil)
    guard fork.parent != nil else { return }
    comm = fork.comm
    parentPID = nil
    inherited = parts.union([.user, .cgroup])
  }
}
