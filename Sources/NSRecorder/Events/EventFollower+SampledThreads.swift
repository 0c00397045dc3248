// Threads that a sample shows to be tasks of their own: where all begins, and beside what events reported.

internal import NamespaceModel

extension EventFollower {
  /// Who a thread is, as it is reported.
  func facts(of thread: FollowedThread, _ tid: Int32) -> ThreadFacts {
    ThreadFacts(
      tid: tid, process: (processes[thread.pid] ?? paused[thread.pid])?.token,
      startTicks: thread.startTicks)
  }

  /// Begins with a thread.
  ///
  /// - Parameter before: the threads that were followed: it may be one of them.
  func beginThread(
    _ sampled: SampledProcesses.Process, _ token: ProcessToken, _ before: [Int32: FollowedThread]
  ) {
    guard let facts = sampled.thread, isFollowed(processOf: sampled) else { return }
    let known = before[facts.tid].flatMap { thread in
      thread.pid == sampled.pid && isSame(thread, facts, token) ? thread.task : nil
    }
    add(sampled, facts, known ?? task(of: sampled), token)
  }

  /// Begins with a thread that is where its process is.
  ///
  /// - Parameter before: the threads that were followed: it may be one of them, and have returned.
  func begin(_ companion: ProcessSample.ThreadObservation, _ before: [Int32: FollowedThread]) {
    guard let process = processes[companion.pid], process.source == companion.thread.process else {
      return
    }
    let tid = companion.thread.tid
    let set = companion.links.map { sets.set($0) } ?? process.set
    let known = before[tid].flatMap { thread in
      thread.pid == companion.pid && hasSameStart(thread, companion.thread) ? thread.task : nil
    }
    sets.enter(set)
    if let known {
      sets.enter(set)
      known.set = set
    }
    threads[tid] = FollowedThread(
      pid: companion.pid, set: set, startTicks: companion.thread.startTicks, task: known)
    threadsOf[companion.pid, default: []].insert(tid)
  }

  private func task(of sampled: SampledProcesses.Process) -> FollowedTask {
    FollowedTask(
      token: makeToken(), set: sets.set(sampled.links.links), facts: sampled.facts,
      description: sampled.description)
  }

  private func add(
    _ sampled: SampledProcesses.Process, _ facts: ThreadFacts, _ task: FollowedTask,
    _ token: ProcessToken
  ) {
    let set = sets.set(sampled.links.links)
    task.source = token
    task.set = set
    task.description.update(sampled.description)
    // Once as a thread, and once as a task.
    sets.enter(set)
    sets.enter(set)
    threads[facts.tid] = FollowedThread(
      pid: sampled.pid, set: set, startTicks: facts.startTicks, task: task)
    threadsOf[sampled.pid, default: []].insert(facts.tid)
  }

  /// Whether the process of a thread is certainly one that is followed.
  private func isFollowed(processOf sampled: SampledProcesses.Process) -> Bool {
    (processes[sampled.pid] ?? paused[sampled.pid])
      .map { isSame($0, sampled, sampled.thread?.process) } ?? false
  }

  /// Whether a thread that was followed is certainly the one with these facts.
  private func isSame(
    _ thread: FollowedThread, _ facts: ThreadFacts, _ token: ProcessToken
  ) -> Bool {
    thread.task?.source == token || hasSameStart(thread, facts)
  }

  /// Whether a thread that was followed is certainly one with a start.
  ///
  /// An event reports its start to one clock tick or the next. If it was there for longer than that, who
  /// has its number later started later.
  private func hasSameStart(_ thread: FollowedThread, _ facts: ThreadFacts) -> Bool {
    guard let one = thread.startTicks, let two = facts.startTicks else { return false }
    return (one == two || one == two &+ 1 || two == one &+ 1) && Self.ticks(now) > one &+ 2
  }

  /// Compares the threads of a sample with what events reported up to its beginning.
  func verifyThreads(
    _ companions: [ProcessSample.ThreadObservation], _ touched: Set<Int32>,
    _ verified: inout Verified
  ) {
    var suspects: Set<Int32> = []
    let like = Dictionary(companions.map { ($0.thread.tid, $0) }) { _, last in last }
    var unknown: [Int32: (token: ProcessToken, read: SampledProcesses.Process)] = [:]
    for (token, read) in sources.threads where !touched.contains(read.pid) {
      if let tid = read.thread?.tid { unknown[tid] = (token, read) }
    }
    for (tid, thread) in threads where !touched.contains(thread.pid) {
      guard let task = thread.task else { continue }
      let wasSuspect = suspectThreads.contains(tid)
      if let (token, read) = unknown[tid], read.pid == thread.pid {
        unknown[tid] = nil
        task.source = token
        sets.learn(read.links.links, in: task.set)
        let isSuspect = compare(
          task, sets.set(read.links.links), wasSuspect: wasSuspect, &verified)
        if isSuspect { suspects.insert(tid) }
        follow(task, tid)
      } else if let companion = like[tid], companion.pid == thread.pid {
        // It returned, between two samples or before it was read.
        guard let links = links(of: companion) else { continue }
        sets.learn(links, in: task.set)
        if compare(task, sets.set(links), wasSuspect: wasSuspect, &verified) {
          suspects.insert(tid)
        }
        follow(task, tid)
      } else if wasSuspect {
        drop(tid, task, &verified)
      } else {
        suspects.insert(tid)
      }
    }
    for (tid, (token, read)) in unknown where isFollowed(processOf: read) {
      // A thread that returned before all began is not told of until it leaves again.
      guard isApart(read) else { continue }
      if suspectThreads.contains(tid) {
        admit(read, token, &verified)
      } else {
        suspects.insert(tid)
      }
    }
    suspectThreads = suspects
  }

  /// The links that a sample read of a thread that is where its process is.
  private func links(of companion: ProcessSample.ThreadObservation) -> [LinkState]? {
    companion.links
      ?? companion.thread.process.flatMap { sources[$0]?.links.links }
  }

  /// Whether a thread is elsewhere than its process is.
  private func isApart(_ read: SampledProcesses.Process) -> Bool {
    guard let process = processes[read.pid], !process.set.isZombie else { return true }
    return sets.set(read.links.links).isElsewhere(than: process.set)
  }

  /// The thread is where it is as a task.
  private func follow(_ task: FollowedTask, _ tid: Int32) {
    guard let thread = threads[tid], thread.set !== task.set else { return }
    sets.enter(task.set)
    sets.leave(thread.set)
    threads[tid]?.set = task.set
  }

  /// A thread that a sample does not see.
  private func drop(_ tid: Int32, _ task: FollowedTask, _ verified: inout Verified) {
    verified.sample.disappeared.append(task.token)
    verified.sample.contradicted.insert(task.token)
    verified.disagree(task, tid: tid, reported: task.set, sampled: nil)
    // That is reported; and where it is now an event will tell.
    task.told = nil
    endThread(tid, at: now)
  }

  /// A thread that no event reported.
  private func admit(
    _ read: SampledProcesses.Process, _ token: ProcessToken, _ verified: inout Verified
  ) {
    guard let facts = read.thread else { return }
    if threads[facts.tid] != nil { endThread(facts.tid, at: now) }
    let task = task(of: read)
    add(read, facts, task, token)
    task.told = task.set
    verified.sample.appeared.append(
      .init(
        token: task.token, facts: task.facts,
        thread: threads[facts.tid].map { self.facts(of: $0, facts.tid) },
        description: task.description, links: task.set.observed.links))
    verified.disagree(task, tid: facts.tid, reported: nil, sampled: task.set)
  }
}
