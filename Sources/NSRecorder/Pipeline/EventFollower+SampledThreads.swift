// Handles the threads that a sample shows, at a start or resync and when a sample verifies the state.

internal import NamespaceModel

extension EventFollower {
  /// Adds a thread from the sample of a start or resync.
  ///
  /// - Parameter before: the threads tracked before, by TID; the thread may be one of them.
  func beginThread(
    _ sampled: SampledProcesses.Process, _ token: ProcessToken, _ before: [Int32: FollowedThread]
  ) {
    guard let facts = sampled.thread, isFollowed(processOf: sampled) else { return }
    let known = before[facts.tid].flatMap { thread in
      thread.pid == sampled.pid && isSame(thread, facts, token) ? thread.task : nil
    }
    add(sampled, facts, known ?? task(of: sampled), token)
  }

  /// Adds a thread that is in its process's namespaces, from the sample of a start or resync.
  ///
  /// - Parameter before: the threads tracked before, by TID; the thread may be one of them that returned
  ///   to its process's namespaces.
  func begin(_ observation: ProcessSample.ThreadObservation, _ before: [Int32: FollowedThread]) {
    guard let process = tasks.processes[observation.pid],
      process.source == observation.thread.process
    else {
      return
    }
    let tid = observation.thread.tid
    let set = observation.links.map { namespaces.set($0) } ?? process.set
    let known = before[tid].flatMap { thread in
      thread.pid == observation.pid && hasSameStart(thread, observation.thread) ? thread.task : nil
    }
    tasks.add(
      FollowedThread(
        pid: observation.pid, set: set, startTicks: observation.thread.startTicks, task: known),
      tid)
  }

  private func task(of sampled: SampledProcesses.Process) -> FollowedTask {
    FollowedTask(
      token: tasks.makeToken(), set: namespaces.set(sampled.links.links), facts: sampled.facts,
      description: sampled.description)
  }

  private func add(
    _ sampled: SampledProcesses.Process, _ facts: ThreadFacts, _ task: FollowedTask,
    _ token: ProcessToken
  ) {
    task.source = token
    task.description.update(sampled.description)
    tasks.add(
      FollowedThread(
        pid: sampled.pid, set: namespaces.set(sampled.links.links), startTicks: facts.startTicks,
        task: task),
      facts.tid)
  }

  /// Whether the process of a sampled thread is certainly the tracked process with its PID.
  private func isFollowed(processOf sampled: SampledProcesses.Process) -> Bool {
    (tasks.processes[sampled.pid] ?? tasks.resumable[sampled.pid])
      .map { $0.isSame(sampled, sampled.thread?.process) } ?? false
  }

  /// Whether a tracked thread is certainly the one with these facts.
  private func isSame(
    _ thread: FollowedThread, _ facts: ThreadFacts, _ token: ProcessToken
  ) -> Bool {
    thread.task?.source == token || hasSameStart(thread, facts)
  }

  /// Whether a tracked thread certainly has the start time in these facts.
  ///
  /// The start time from an event can differ by one clock tick from the sampled one. If the thread has
  /// existed for longer than that, a later thread with its TID has a later start time.
  private func hasSameStart(_ thread: FollowedThread, _ facts: ThreadFacts) -> Bool {
    guard let one = thread.startTicks, let two = facts.startTicks else { return false }
    return isSameStart(one, two) && now.ticks > one &+ 2
  }

  /// Compares the threads of a sample with the state that the events up to the sample's beginning establish.
  func verifyThreads(
    _ threadObservations: [ProcessSample.ThreadObservation], _ pidsWithEvents: Set<Int32>,
    _ verified: inout Verified
  ) {
    var unverified: Set<Int32> = []
    let like = Dictionary(threadObservations.map { ($0.thread.tid, $0) }) { _, last in last }
    var unknown: [Int32: (token: ProcessToken, read: SampledProcesses.Process)] = [:]
    for (token, read) in sources.threads where !pidsWithEvents.contains(read.pid) {
      if let tid = read.thread?.tid { unknown[tid] = (token, read) }
    }
    for (tid, thread) in tasks.threads where !pidsWithEvents.contains(thread.pid) {
      guard let task = thread.task else { continue }
      let wasUnverified = unverifiedThreads.contains(tid)
      if let (token, read) = unknown[tid], read.pid == thread.pid {
        unknown[tid] = nil
        task.source = token
        namespaces.learn(read.links.links, in: task.set)
        let isUnverified = compare(
          task, namespaces.set(read.links.links), wasUnverified: wasUnverified, &verified)
        if isUnverified { unverified.insert(tid) }
        follow(task, tid)
      } else if let observation = like[tid], observation.pid == thread.pid {
        // The thread returned to its process's namespaces between two samples, or before the sample read
        // it.
        guard let links = links(of: observation) else { continue }
        namespaces.learn(links, in: task.set)
        if compare(task, namespaces.set(links), wasUnverified: wasUnverified, &verified) {
          unverified.insert(tid)
        }
        follow(task, tid)
      } else if wasUnverified {
        drop(tid, task, &verified)
      } else {
        unverified.insert(tid)
      }
    }
    for (tid, (token, read)) in unknown where isFollowed(processOf: read) {
      // A thread that returned to its process's namespaces before the resync is reported only when it
      // leaves them again.
      guard isApart(read) else { continue }
      if unverifiedThreads.contains(tid) {
        adopt(read, token, &verified)
      } else {
        unverified.insert(tid)
      }
    }
    unverifiedThreads = unverified
  }

  /// Returns the sampled links of a thread that is in its process's namespaces.
  private func links(of observation: ProcessSample.ThreadObservation) -> [LinkState]? {
    observation.links
      ?? observation.thread.process.flatMap { sources[$0]?.links.links }
  }

  /// Whether a sampled thread is in other namespaces than its process, or its process has no running main
  /// thread.
  private func isApart(_ read: SampledProcesses.Process) -> Bool {
    guard let process = tasks.processes[read.pid], !process.set.isZombie else { return true }
    return namespaces.set(read.links.links).isElsewhere(than: process.set)
  }

  /// Makes the set of a thread that of its task.
  private func follow(_ task: FollowedTask, _ tid: Int32) {
    tasks.observe(tid, of: task.pid, in: task.set)
  }

  /// Drops a thread that the sample does not show.
  private func drop(_ tid: Int32, _ task: FollowedTask, _ verified: inout Verified) {
    verified.sample.disappeared.append(task.token)
    verified.sample.contradicted.insert(task.token)
    verified.disagree(task, tid: tid, reported: task.set, sampled: nil)
    // The sample reports the disappearance, so that `endThread` must not report an exit. If the thread
    // still exists, its next event reports its namespaces.
    task.reported = nil
    endThread(tid, at: now)
  }

  /// Adopts a sampled thread that no event reported.
  private func adopt(
    _ read: SampledProcesses.Process, _ token: ProcessToken, _ verified: inout Verified
  ) {
    guard let facts = read.thread else { return }
    if tasks.threads[facts.tid] != nil { endThread(facts.tid, at: now) }
    let task = task(of: read)
    add(read, facts, task, token)
    task.reported = task.set
    verified.sample.appeared.append(
      .init(
        token: task.token, facts: task.facts,
        thread: tasks.threads[facts.tid].map { tasks.facts(of: $0, facts.tid) },
        description: task.description, links: task.set.observed.links))
    verified.disagree(task, tid: facts.tid, reported: nil, sampled: task.set)
  }
}
