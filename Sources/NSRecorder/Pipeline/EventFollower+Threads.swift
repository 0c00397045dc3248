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
    var thread = threads[tid] ?? FollowedThread(pid: pid, set: set)
    if threads[tid] == nil {
      sets.enter(set)
      threadsOf[pid, default: []].insert(tid)
    } else if thread.set !== set {
      sets.enter(set)
      sets.leave(thread.set)
      thread.set = set
    }
    threads[tid] = thread
    compare(tid, origin, at: time)
  }

  /// Adds the unknown threads of a process that the probe read right after an event of the process: they
  /// started before the recorder listened to events.
  func discoverThreads(of task: FollowedTask, _ probed: ProbedTask?) {
    for (tid, links) in probed?.threads ?? [:] where threads[tid] == nil {
      let set = set(of: links)
      threads[tid] = FollowedThread(pid: task.pid, set: set)
      sets.enter(set)
      threadsOf[task.pid, default: []].insert(tid)
    }
  }

  /// Compares each thread of a process with the process, after the process changed its namespaces.
  func compareThreads(of task: FollowedTask, at time: BootTime) {
    for tid in threadsOf[task.pid] ?? [] { compare(tid, .unknown, at: time) }
  }

  private func compare(_ tid: Int32, _ origin: ThreadOrigin, at time: BootTime) {
    guard var thread = threads[tid],
      let process = processes[thread.pid] ?? resumable[thread.pid]
    else { return }
    if let task = thread.task { return move(task, to: thread.set, at: time) }
    // After the exit of the main thread, every other thread is a task of its own, whatever its namespaces
    // are, unless it is about to exit too.
    let isBesideZombie = processes[thread.pid] == nil || process.set.isZombie
    guard
      isBesideZombie ? process.exiting.isEmpty : thread.set.isElsewhere(than: process.set)
    else { return }
    if !isBesideZombie, throttle.omits(thread.set, of: process, at: time, batch) {
      return reportThrottledLinks(process, at: time)
    }
    makeTask(&thread, tid, of: process, origin, at: time)
    threads[tid] = thread
  }

  /// Makes a thread a task of its own from now on, whatever the namespaces of its process are.
  func makeTask(_ tid: Int32, at time: BootTime) {
    guard var thread = threads[tid], thread.task == nil, let process = processes[thread.pid] else {
      return
    }
    makeTask(&thread, tid, of: process, .unknown, at: time)
    threads[tid] = thread
  }

  private func makeTask(
    _ thread: inout FollowedThread, _ tid: Int32, of process: FollowedTask,
    _ origin: ThreadOrigin, at time: BootTime
  ) {
    let task = FollowedTask(
      token: makeToken(), set: thread.set, facts: process.facts,
      description: process.description)
    sets.enter(thread.set)
    thread.task = task
    reportStart(task, parent: process.token, tid: tid, origin: origin, at: time)
  }

  /// Reports the throttled links of a process as unread, because the namespaces of too many of its threads
  /// come to differ from those of the process.
  private func reportThrottledLinks(_ process: FollowedTask, at time: BootTime) {
    awaitingSample.insert(process.pid)
    reportMove(of: process, at: time)
  }

  /// Removes a thread that exited.
  func endThread(_ tid: Int32, at time: BootTime) {
    guard let thread = threads.removeValue(forKey: tid) else { return }
    end(thread, at: time)
    threadsOf[thread.pid]?.remove(tid)
    if threadsOf[thread.pid]?.isEmpty == true { threadsOf[thread.pid] = nil }
  }

  /// Returns the only thread of a process besides the main one; nil if there is none, or more than one.
  func onlyThread(of pid: Int32) -> FollowedThread? {
    guard let tids = threadsOf[pid], tids.count == 1 else { return nil }
    return tids.first.flatMap { threads[$0] }
  }

  /// Removes and returns the other threads of a process that executes a program: exec leaves one thread
  /// (`execve(2)`). The caller ends the returned threads.
  func forgetThreads(of pid: Int32) -> [FollowedThread] {
    let tids = threadsOf.removeValue(forKey: pid) ?? []
    return tids.sorted().compactMap { threads.removeValue(forKey: $0) }
  }

  /// Ends a removed thread, and reports the exit if the history has it as a task of its own.
  func end(_ thread: FollowedThread, at time: BootTime) {
    defer { sets.leave(thread.set) }
    guard let task = thread.task else { return }
    throttle.release(task)
    sets.leave(task.set)
    guard batch != nil, task.reported != nil else { return }
    batch?.events.append(ProcessEvent(boot: time, .exited(task.token, mayResume: false)))
  }
}
