// Names, and programs that are executed: also by the thread that is left when the main one has exited.

internal import NamespaceEvents
internal import NamespaceModel

extension EventFollower {
  /// Whether a process whose main thread has exited may go on by exec.
  func mayExecAfterLeaderExit(_ pid: Int32) -> Bool {
    paused[pid] != nil || processes[pid]?.set.isZombie == true
  }

  /// Whether a process may have threads that no event reported.
  func mayHaveUnreportedThreads(_ pid: Int32) -> Bool { processes[pid]?.isOlder == true }

  func rename(
    _ event: KernelEvent, _ name: [UInt8], isExec: Bool, _ look: TaskLook?
  ) {
    guard event.tid == event.pid else { return }
    if isExec {
      // If the main thread has ended, the one that is left executes: it is where that is.
      let set = onlyThread(of: event.pid)?.set ?? look.map { self.set(of: $0.links) }
      let threads = forgetThreads(of: event.pid)
      if processes[event.pid] == nil {
        resume(event, in: set)
        processes[event.pid]?.timeAfterExec = look?.links[.time].map {
          followed(.time, $0, beside: [])
        }
      } else if let task = processes[event.pid], task.set.isZombie {
        task.exiting = []
        move(task, to: set ?? self.set(of: [:]), at: event.time)
        task.timeAfterExec = look?.links[.time].map { followed(.time, $0, beside: []) }
      }
      // The process holds the namespaces of the thread before that is reported to have ended.
      for thread in threads { end(thread, at: event.time) }
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
    describe(task, named: name, look?.description, isExec: isExec, at: event.time)
  }

  private func resume(_ event: KernelEvent, in set: FollowedSet?) {
    guard let task = paused.removeValue(forKey: event.pid) else {
      // It was taken to have ended: one of its threads was made before all began, and is not known.
      if ended[event.pid] != nil || threadsOf[event.pid] != nil { contradiction = event.time }
      // The last sample showed its main thread as a zombie, and not the thread that executes.
      if sources.showZombie(event.pid) {
        if batch == nil { needsOtherSample = true } else { contradiction = event.time }
      }
      return
    }
    folding.forget(task)
    // A sample may have met it before the kernel reported it.
    if let appearance = early.removeValue(forKey: task.pid), task.source == nil {
      task.bind(to: appearance)
    }
    // Of a thread that was there before all began no event reported where it was.
    task.set = set ?? self.set(of: [:])
    processes[task.pid] = task
    sets.enter(task.set)
    unconfirmed.insert(task.pid)
    guard batch != nil else { return }
    // Its main thread exited while all began: nothing of it was reported.
    if task.told == nil { return tell(task, parent: nil, at: event.time) }
    task.told = task.set
    batch?.events.append(ProcessEvent(boot: event.time, .resumed(task.token, task.set.observed)))
  }
}
