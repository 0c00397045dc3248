// Exits: of a thread, of a process, and of a main thread that others outlive.

internal import NamespaceEvents
internal import NamespaceModel

extension EventFollower {
  func exit(_ event: KernelEvent, _ look: TaskLook? = nil) {
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
      folding.forget(task)
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

  func becomeZombie(_ task: FollowedTask) {
    let zombie = sets.zombie(task.set)
    sets.enter(zombie)
    sets.leave(task.set)
    task.set = zombie
  }
}
