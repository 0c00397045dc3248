// Handles starts of tasks and changes of namespaces. For a new task the kernel reports the fork first, and then the
// task's namespaces.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventFollower {
  /// Applies the state that came with the fork event of a task.
  func begin(_ event: KernelEvent, _ state: TaskState) {
    guard let pendingFork = tasks.takeFork(event.tid) else { return }
    var set = namespaces.set(state.set)
    // The state lacks a pid namespace that lies deep.
    if case .unread(.unseen) = set[.pid], let parent = pendingFork.set {
      set = sets.set(set, .pid, to: event.tid == event.pid ? parent[.pidForChildren] : parent[.pid])
    }
    if event.tid != event.pid {
      observeThread(event, set, .started)
      tasks.setStart(of: event.tid, state.startTime.ticks)
      return
    }
    guard replacesZombie(event) else { return }
    var description = Self.inherited(from: pendingFork.parent)
    description.uid = state.uid
    description.inherited.remove(.user)
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

  /// Applies a state that a task is in at the time of an event.
  func applyState(_ event: KernelEvent, _ state: TaskState) {
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

  func applyNamespaces(
    _ event: KernelEvent, _ inodes: NamespaceInodes, _ probed: ProbedTask?, _ lookahead: Lookahead
  ) {
    if let state = event.state {
      if let probed, event.tid == event.pid, let task = tasks.processes[event.pid] {
        namespaces.learnEntered(state.set, probed, lastEvent: task.lastEvent)
      }
      applyState(event, state)
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
        tasks.setStart(of: event.tid, event.time.ticks)
      } else {
        start(event, pendingFork, inodes, probed, lookahead)
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

  func start(
    _ event: KernelEvent, _ pendingFork: TaskTable.PendingFork, _ inodes: NamespaceInodes,
    _ probed: ProbedTask?, _ lookahead: Lookahead
  ) {
    guard replacesZombie(event) else { return }
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
      description: Self.inherited(from: pendingFork.parent))
    task.timeAfterExec = namespaces.timeAfterExec(probed, lookahead)
    start(task, pendingFork, at: event.time)
  }

  /// Returns whether a process may start with the PID of an event: there is none with it, or only a zombie, whose end
  /// is reported then.
  private func replacesZombie(_ event: KernelEvent) -> Bool {
    guard let known = tasks.processes[event.pid] else { return true }
    guard known.set.isZombie else {
      // A sample may have observed the process before the kernel reported its start.
      if known.source == nil || event.time - began > 1_000_000_000 { contradiction = event.time }
      return false
    }
    // No event reports that a zombie was reaped. The new process shows that the zombie with its PID was.
    for thread in tasks.takeThreads(of: event.pid) { end(thread, at: event.time) }
    end(known, at: event.time, isReaped: true)
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

  /// Returns the description that a new process inherits from its parent.
  private static func inherited(from parent: FollowedTask?) -> ProcessDescription {
    guard var description = parent?.description else {
      return ProcessDescription(comm: nil, uid: nil, cgroup: nil)
    }
    description.parentPID = nil
    description.inherited = description.parts.union([.user, .cgroup])
    return description
  }

  /// Resolves the parent's `pid_for_children` link when its first child starts: that child is the first
  /// process of the new pid namespace (`pid_namespaces(7)`).
  func setPIDNamespaceForChildren(
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
}
