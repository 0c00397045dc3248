// Handles the exits of threads, of processes, and of main threads while other threads remain. A process exits with the
// last of its threads. If its main thread has exited and other threads still run, its links are those of a zombie.

internal import NamespaceEvents
internal import NamespaceModel

extension EventFollower {
  func exit(_ event: KernelEvent, _ probed: ProbedTask?, _ lookahead: Lookahead) {
    tasks.takeFork(event.tid)
    if event.tid != event.pid {
      endThread(event.tid, at: event.time)
      if let task = tasks.processes[event.pid], task.set.isZombie {
        updateZombie(task, afterExitOf: event.tid, at: event.time)
      }
    } else if let task = tasks.processes[event.pid] {
      discoverThreads(of: task, probed, lookahead)
      if tasks.threadsOf[event.pid] == nil {
        end(task, at: event.time)
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
  private func updateZombie(_ task: FollowedTask, afterExitOf tid: Int32, at time: BootTime) {
    guard let others = tasks.threadsOf[task.pid] else { return end(task, at: time) }
    guard task.exiting.remove(tid) != nil, task.exiting.isEmpty else { return }
    // The threads that were expected to exit have exited; the others were created meanwhile and remain.
    for tid in others { makeTask(tid, at: time) }
    translator.reportMove(of: task, at: time)
  }

  /// Drops a process whose last thread has exited, and reports the exit.
  ///
  /// - Parameter isReaped: whether the process was a zombie that was reaped at some time before, so that the event shows
  ///   only that it no longer exists.
  func end(_ task: FollowedTask, at time: BootTime, isReaped: Bool = false) {
    // A process that a sample discovered may have threads that no event reported.
    let mayResume = task.isOlder
    tasks.end(
      task, at: time, mayResume: mayResume, isResumable: mayResume || !translator.isReporting)
    reconciler.noteExit(of: task.pid)
    translator.reportExit(task, at: time, mayResume: mayResume, isReaped: isReaped)
  }

  private func becomeZombie(_ task: FollowedTask) {
    translator.stopThrottling(task)
    task.move(to: sets.zombie(task.set))
  }
}
