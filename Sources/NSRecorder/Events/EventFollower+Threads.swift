// Threads: unshare(2) and setns(2) act on one of them. One whose namespaces are not its process's is a
// task of its own for as long as that is so; the process is where its main thread is.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventFollower {
  /// A thread is in a set.
  func meetThread(_ event: KernelEvent, _ set: FollowedSet) {
    meetThread(event.tid, of: event.pid, set, at: event.time)
  }

  func meetThread(_ tid: Int32, of pid: Int32, _ set: FollowedSet, at time: Int64) {
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
    compare(tid, at: time)
  }

  /// The other threads of a process that moved, as they were seen right after: those that are not
  /// known yet began before events were listened to.
  func meetThreads(of task: FollowedTask, _ look: TaskLook?) {
    for (tid, links) in look?.threads ?? [:] where threads[tid] == nil {
      let set = set(of: links)
      threads[tid] = FollowedThread(pid: task.pid, set: set)
      sets.enter(set)
      threadsOf[task.pid, default: []].insert(tid)
    }
  }

  /// After a process moved, its threads may differ from it, or do so no more.
  func compareThreads(of task: FollowedTask, at time: Int64) {
    for tid in threadsOf[task.pid] ?? [] { compare(tid, at: time) }
  }

  private func compare(_ tid: Int32, at time: Int64) {
    guard var thread = threads[tid],
      let process = processes[thread.pid] ?? paused[thread.pid]
    else { return }
    // Beside a main thread that has exited it is one of its own wherever it is.
    let isApart = processes[thread.pid] == nil || process.set.isZombie
    if !isApart, !thread.set.isElsewhere(than: process.set) {
      end(&thread, at: time)
    } else if let task = thread.task {
      move(task, to: thread.set, at: time)
    } else if !isApart, folding.leavesOut(thread.set, of: process, at: time, batch) {
      tellFolded(process, at: time)
    } else {
      setApart(&thread, tid, of: process, at: time)
    }
    threads[tid] = thread
  }

  /// A thread that is a task of its own from now on, wherever its process is.
  func setApart(_ tid: Int32, at time: Int64) {
    guard var thread = threads[tid], thread.task == nil, let process = processes[thread.pid] else {
      return
    }
    setApart(&thread, tid, of: process, at: time)
    threads[tid] = thread
  }

  private func setApart(
    _ thread: inout FollowedThread, _ tid: Int32, of process: FollowedTask, at time: Int64
  ) {
    let task = FollowedTask(
      token: makeToken(), set: thread.set, facts: process.facts,
      description: process.description)
    sets.enter(thread.set)
    thread.task = task
    tell(task, parent: process.token, tid: tid, at: time)
  }

  /// Tells that it is not known any more where a process is whose threads come to differ too often.
  private func tellFolded(_ process: FollowedTask, at time: Int64) {
    let reported = folding.reported(process, of: sets)
    unconfirmed.insert(process.pid)
    guard reported !== process.told else { return }
    process.told = reported
    batch?.events.append(ProcessEvent(boot: time, .moved(process.token, reported.observed)))
  }

  /// A thread exited.
  func endThread(_ tid: Int32, at time: Int64) {
    guard var thread = threads.removeValue(forKey: tid) else { return }
    end(&thread, at: time)
    sets.leave(thread.set)
    threadsOf[thread.pid]?.remove(tid)
    if threadsOf[thread.pid]?.isEmpty == true { threadsOf[thread.pid] = nil }
  }

  /// The thread of a process beside its main one, if there is one such.
  func onlyThread(of pid: Int32) -> FollowedThread? {
    guard let tids = threadsOf[pid], tids.count == 1 else { return nil }
    return tids.first.flatMap { threads[$0] }
  }

  /// A process that execs has one thread (`execve(2)`).
  func forgetThreads(of pid: Int32, at time: Int64) {
    for tid in threadsOf[pid] ?? [] { endThread(tid, at: time) }
  }

  private func end(_ thread: inout FollowedThread, at time: Int64) {
    guard let task = thread.task else { return }
    folding.forget(task)
    sets.leave(task.set)
    thread.task = nil
    guard batch != nil, task.told != nil else { return }
    batch?.events.append(ProcessEvent(boot: time, .exited(task.token, mayResume: false)))
  }
}
