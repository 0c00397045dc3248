// Starts and changes of namespaces. For a new task the kernel reports the fork first, and then the task's
// namespaces.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventFollower {
  func fork(_ event: KernelEvent, _ parentPID: Int32, _ parentTID: Int32) {
    let parent = processes[parentPID]
    newborn[event.tid] = Birth(
      pid: event.pid, parent: threads[parentTID]?.task ?? parent, makerPID: parentPID,
      makerTID: parentTID, set: threads[parentTID]?.set ?? parent?.set)
  }

  func place(_ event: KernelEvent, _ inodes: NamespaceInodes, _ look: TaskLook?) {
    let isThread = event.tid != event.pid
    if let birth = newborn.removeValue(forKey: event.tid) {
      if isThread {
        let set =
          birth.set.flatMap { $0.inodes == inodes ? $0 : nil }
          ?? resolve(inodes, look, from: birth.set)
        meetThread(event, set, .started)
        threads[event.tid]?.startTicks = Self.ticks(event.time)
      } else {
        start(event, birth, inodes, look)
      }
    } else if isThread {
      let before = threads[event.tid]?.set ?? processes[event.pid]?.set
      let isKnown = before?.isZombie == false
      meetThread(
        event, resolve(inodes, look, from: before),
        isKnown ? before.map { .moved(from: $0.observed.links) } ?? .unknown : .unknown)
    } else if let task = processes[event.pid] {
      meetThreads(of: task, look)
      let set = resolve(inodes, look, from: task.set, lastEvent: task.lastEvent)
      move(task, to: set, at: event.time)
      task.timeAfterExec = timeAfterExec(look)
      describe(task, named: nil, look?.description, at: event.time)
    } else {
      // A sample will report the process. The process may have created the namespaces that now have these
      // inode numbers.
      sets.forgetUnheld(inodes)
    }
  }

  func start(
    _ event: KernelEvent, _ birth: Birth, _ inodes: NamespaceInodes, _ look: TaskLook?
  ) {
    if let known = processes[event.pid], known.set.isZombie {
      // No event reported that the zombie with this PID was reaped.
      for thread in forgetThreads(of: event.pid) { end(thread, at: event.time) }
      end(known, at: event.time)
    } else if let known = processes[event.pid] {
      // A sample may have observed the process before the kernel reported its start.
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
      description: Self.inherited(from: birth.parent))
    task.timeAfterExec = timeAfterExec(look)
    if let appearance = early.removeValue(forKey: event.pid) { task.bind(to: appearance) }
    processes[event.pid] = task
    ended[event.pid] = nil
    // The PID now belongs to the new process.
    paused[event.pid] = nil
    unconfirmed.insert(event.pid)
    sets.enter(place)
    tell(task, parent: birth.parent?.token, at: event.time)
  }

  /// Returns the description that a new process inherits from its parent.
  private static func inherited(from parent: FollowedTask?) -> ProcessDescription {
    guard var description = parent?.description else {
      return ProcessDescription(comm: nil, uid: nil, cgroup: nil)
    }
    description.parentPID = nil
    description.inherited = [.user, .cgroup]
    return description
  }

  /// Resolves the parent's `pid_for_children` link when its first child starts: that child is the first
  /// process of the new pid namespace (`pid_namespaces(7)`).
  func setPIDNamespaceForChildren(
    of birth: Birth, _ place: FollowedSet, at time: Int64
  ) {
    guard let set = birth.set, case .unread(.pending) = set[.pidForChildren] else { return }
    let new = sets.set(set, .pidForChildren, to: place[.pid])
    if threads[birth.makerTID] != nil {
      meetThread(birth.makerTID, of: birth.makerPID, new, .unknown, at: time)
    } else if birth.makerTID == birth.makerPID, let parent = birth.parent {
      move(parent, to: new, at: time)
    }
  }

  /// Returns the start time in clock ticks, as in `/proc/PID/stat`, for the time of a fork event. The
  /// kernel sets the start time just before the event.
  static func ticks(_ time: Int64) -> UInt64 {
    UInt64(max(0, time) / (1_000_000_000 / Int64(ClockTick.perSecond)))
  }
}
