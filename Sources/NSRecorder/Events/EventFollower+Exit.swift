// Exits: of a thread, of a process, and of a main thread that others outlive. A process exits with the
// last of its threads; while its main thread has exited and others run, its links are those of a zombie.

internal import NamespaceEvents
internal import NamespaceModel

extension EventFollower {
  func exit(_ event: KernelEvent, _ look: TaskLook? = nil) {
    newborn[event.tid] = nil
    if event.tid != event.pid {
      endThread(event.tid, at: event.time)
      if let task = processes[event.pid], task.set.isZombie {
        settle(task, without: event.tid, at: event.time)
      }
    } else if let task = processes[event.pid] {
      meetThreads(of: task, look)
      if threadsOf[event.pid] == nil {
        end(task, at: event.time)
      } else if !task.set.isZombie {
        // Otherwise a sample showed before that the main thread had exited.
        endMainThread(of: task, at: event.time)
      }
    }
  }

  /// The main thread of a process exited, and others have not. Where these are about to exit too, or
  /// one of them is about to execute a program, the process is not reported as a zombie.
  private func endMainThread(of task: FollowedTask, at time: Int64) {
    let lasting = lastingThreads(of: task.pid)
    // Threads that stay hold its namespaces without it.
    for tid in lasting { setApart(tid, at: time) }
    becomeZombie(task)
    if lasting.isEmpty {
      task.exiting = threadsOf[task.pid] ?? []
    } else {
      tellMove(of: task, at: time)
    }
  }

  /// A thread exited of a process whose main thread had exited before.
  private func settle(_ task: FollowedTask, without tid: Int32, at time: Int64) {
    guard let others = threadsOf[task.pid] else { return end(task, at: time) }
    guard task.exiting.remove(tid) != nil, task.exiting.isEmpty else { return }
    // The threads that were left then have exited, and these were created meanwhile.
    for tid in others { setApart(tid, at: time) }
    tellMove(of: task, at: time)
  }

  /// A process exited with its last thread.
  func end(_ task: FollowedTask, at time: Int64) {
    reportLastName(of: task, at: time)
    processes[task.pid] = nil
    folding.forget(task)
    sets.leave(task.set)
    task.exiting = []
    // A process that began before events were listened to may have threads that none reported.
    let mayResume = task.isOlder
    if mayResume || batch == nil { paused[task.pid] = task }
    if !mayResume { ended[task.pid] = turns }
    unconfirmed.remove(task.pid)
    guard batch != nil, task.told != nil else { return }
    batch?.events.append(
      ProcessEvent(boot: time, .exited(task.token, mayResume: mayResume)))
  }

  private func becomeZombie(_ task: FollowedTask) {
    folding.forget(task)
    let zombie = sets.zombie(task.set)
    sets.enter(zombie)
    sets.leave(task.set)
    task.set = zombie
  }
}
