// Handles changes of name and execs, also an exec by another thread after the main thread has exited.

internal import NamespaceEvents
internal import NamespaceModel

extension EventFollower {
  func rename(
    _ event: KernelEvent, _ name: [UInt8], isExec: Bool, _ probed: ProbedTask?,
    _ lookahead: Lookahead
  ) {
    guard event.tid == event.pid else { return }
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
        resume(event, in: set ?? namespaces.set(of: [:], lookahead))
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

  private func resume(_ event: KernelEvent, in set: FollowedSet) {
    guard let task = tasks.takeResumable(event.pid) else {
      // The process was recorded as exited, or has known threads: the follower missed a thread that existed
      // before the start or resync.
      if tasks.ended(event.pid)?.mayResume == false || tasks.threadsOf[event.pid] != nil {
        contradiction = event.time
      }
      // The last sample shows the main thread as a zombie, but not the thread that executes.
      if reconciler.showsZombie(event.pid) {
        if !translator.isReporting { needsOtherSample = true } else { contradiction = event.time }
      }
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
  func describe(
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
}
