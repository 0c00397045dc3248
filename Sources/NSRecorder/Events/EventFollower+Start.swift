// Handles starts of tasks and changes of namespaces. For a new task the kernel reports the fork first, and then the
// task's namespaces.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventFollower {
  func fork(_ event: KernelEvent, _ parentPID: Int32, _ parentTID: Int32) {
    let parent = processes[parentPID]
    pendingForks[event.tid] = PendingFork(
      pid: event.pid, parent: threads[parentTID]?.task ?? parent, makerPID: parentPID,
      makerTID: parentTID, set: threads[parentTID]?.set ?? parent?.set)
  }

  func applyNamespaces(_ event: KernelEvent, _ inodes: NamespaceInodes, _ probed: ProbedTask?) {
    let isThread = event.tid != event.pid
    if let pendingFork = pendingForks.removeValue(forKey: event.tid) {
      if isThread {
        let set =
          pendingFork.set.flatMap { $0.inodes == inodes ? $0 : nil }
          ?? resolve(inodes, probed, from: pendingFork.set)
        observeThread(event, set, .started)
        threads[event.tid]?.startTicks = Self.ticks(event.time)
      } else {
        start(event, pendingFork, inodes, probed)
      }
    } else if isThread {
      let before = threads[event.tid]?.set ?? processes[event.pid]?.set
      let isKnown = before?.isZombie == false
      observeThread(
        event, resolve(inodes, probed, from: before),
        isKnown ? before.map { .moved(from: $0.observed.links) } ?? .unknown : .unknown)
    } else if let task = processes[event.pid] {
      discoverThreads(of: task, probed)
      let set = resolve(inodes, probed, from: task.set, lastEvent: task.lastEvent)
      move(task, to: set, at: event.time)
      task.timeAfterExec = timeAfterExec(probed)
      describe(task, named: nil, probed?.description, at: event.time)
    } else {
      // The follower does not track the process; a sample will report it. The process may have created the
      // namespaces that now have these inode numbers, so what was known about the numbers no longer holds.
      sets.forgetUnheld(inodes)
    }
  }

  func start(
    _ event: KernelEvent, _ pendingFork: PendingFork, _ inodes: NamespaceInodes,
    _ probed: ProbedTask?
  ) {
    if let known = processes[event.pid], known.set.isZombie {
      // No event reports that a zombie was reaped. The new process shows that the zombie with its PID was.
      for thread in forgetThreads(of: event.pid) { end(thread, at: event.time) }
      end(known, at: event.time, isReaped: true)
    } else if let known = processes[event.pid] {
      // A sample may have observed the process before the kernel reported its start.
      if known.source == nil || event.time - began > 1_000_000_000 { contradiction = event.time }
      return
    }
    let expected = pendingFork.set.map(sets.forChildren)
    let set =
      if let expected, expected.inodes == inodes {
        withTime(expected, probed, of: pendingFork.set)
      } else {
        withTime(
          sets.withPIDForChildren(resolve(inodes, probed, from: expected)), probed,
          of: pendingFork.set)
      }
    setPIDNamespaceForChildren(of: pendingFork, set, at: event.time)
    let task = FollowedTask(
      token: makeToken(), set: set,
      facts: ProcessFacts(
        pid: event.pid, startTicks: Self.ticks(event.time), parentPID: pendingFork.parent?.pid ?? 0,
        isKernelThread: pendingFork.parent?.facts.isKernelThread ?? false, nspid: [event.pid]),
      description: Self.inherited(from: pendingFork.parent))
    task.timeAfterExec = timeAfterExec(probed)
    if let appearance = seenBeforeForkEvent.removeValue(forKey: event.pid) {
      task.bind(to: appearance)
    }
    processes[event.pid] = task
    ended[event.pid] = nil
    // The PID now belongs to the new process.
    resumable[event.pid] = nil
    awaitingSample.insert(event.pid)
    sets.enter(set)
    reportStart(task, parent: pendingFork.parent?.token, at: event.time)
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
    of pendingFork: PendingFork, _ childSet: FollowedSet, at time: BootTime
  ) {
    guard let set = pendingFork.set, case .unread(.pending) = set[.pidForChildren] else { return }
    let new = sets.set(set, .pidForChildren, to: childSet[.pid])
    if threads[pendingFork.makerTID] != nil {
      observeThread(pendingFork.makerTID, of: pendingFork.makerPID, new, .unknown, at: time)
    } else if pendingFork.makerTID == pendingFork.makerPID, let parent = pendingFork.parent {
      move(parent, to: new, at: time)
    }
  }

  /// Returns the start time in clock ticks, as in `/proc/PID/stat`, for the time of a fork event. The
  /// kernel sets the start time just before the event.
  static func ticks(_ time: BootTime) -> UInt64 {
    UInt64(max(0, time.nanoseconds) / (1_000_000_000 / Int64(ClockTick.perSecond)))
  }
}
