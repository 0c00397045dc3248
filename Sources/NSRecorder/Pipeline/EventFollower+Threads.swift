// Tracks threads: unshare(2) and setns(2) act on one thread. A thread whose namespaces come to differ from those of its
// process is a task of its own from then on, until it exits; its return to the namespaces of its process is one more
// change of the task. The namespaces of a process are those of its main thread.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventFollower {
  /// Applies the set of a thread that an event reported.
  func observeThread(_ event: KernelEvent, _ set: FollowedSet, _ origin: ThreadOrigin) {
    observeThread(event.tid, of: event.pid, set, origin, at: event.time)
  }

  func observeThread(
    _ tid: Int32, of pid: Int32, _ set: FollowedSet, _ origin: ThreadOrigin, at time: BootTime
  ) {
    tasks.observe(tid, of: pid, in: set)
    compare(tid, origin, at: time)
  }

  /// Adds the unknown threads of a process that the probe read right after an event of the process: they
  /// started before the recorder listened to events.
  func discoverThreads(of task: FollowedTask, _ probed: ProbedTask?, _ lookahead: Lookahead) {
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
  func makeTask(_ tid: Int32, at time: BootTime) {
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
  func endThread(_ tid: Int32, at time: BootTime) {
    guard let thread = tasks.removeThread(tid) else { return }
    translator.reportExit(thread, at: time)
  }

  /// Ends a thread that was removed from the table, and reports the exit if the history has it as a task of its own.
  func end(_ thread: FollowedThread, at time: BootTime) {
    tasks.release(thread)
    translator.reportExit(thread, at: time)
  }
}
