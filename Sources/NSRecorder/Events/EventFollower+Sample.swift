// A sample gives the initial state of every task, or the new state after events were lost (a resync);
// later samples verify the state. If an event of a process occurs while a sample is taken, the sample
// proves nothing about that process, and the next sample has to verify it.

internal import NamespaceModel

extension EventFollower {
  /// A sample translated to the history's tokens, with the processes that it shows in a state that no
  /// event had reported.
  struct Verified {
    var sample: ProcessSample
    /// The number of such tasks.
    var disagreements: Int { sample.disagreementCount }

    /// Notes a task that the sample and the events show in different sets, or that only one of the two
    /// shows.
    mutating func disagree(
      _ task: FollowedTask, tid: Int32? = nil, reported: FollowedSet?, sampled: FollowedSet?
    ) {
      sample.disagree(
        Disagreement(
          pid: task.pid, tid: tid, comm: task.description.comm, reported: reported?.observed,
          sampled: sampled?.observed))
    }
  }

  /// Starts or resyncs from a sample. The caller applies the events since the sample's beginning between
  /// `begin` and `finishBeginning`: on top of the sampled state they give the state at its end.
  ///
  /// - Parameter folded: PIDs of processes with a queued change that stands for omitted ones; some of
  ///   those may have occurred before the end of the sample.
  func begin(_ sample: ProcessSample, folded: Set<Int32> = []) {
    batch = nil
    let isFirst = began == .min
    began = sample.end.boot
    contradiction = nil
    needsOtherSample = false
    unconfirmed.removeAll()
    folding.forgetAll(but: folded)
    unreportedNames.removeAll()
    suspects.removeAll()
    suspectThreads.removeAll()
    // The events after these forks may be lost.
    newborn.removeAll()
    // The follower drops all threads; it re-creates only those that the sample shows.
    let before = threads
    for tid in Array(threads.keys) { endThread(tid, at: sample.start.boot) }
    // A namespace held before the sample does not prove which namespace has its inode number now: only
    // the sample does.
    for task in processes.values { sets.leave(task.set) }
    sets.forgetUnproven()
    sets.now = sample.end.boot
    _ = sources.add(sample)
    let crowded = Set(sources.threads.values.compactMap(\.thread?.process))
    var met: Set<Int32> = []
    for (token, process) in sources.processes {
      if process.links.isZombie, !isFirst, hasExited(process, token, crowded) { continue }
      met.insert(process.pid)
      let task = task(of: process, token)
      take(process, token, task)
      task.set = sets.set(process.links.links)
      task.exiting = []
      sets.enter(task.set)
    }
    processes = processes.filter { met.contains($0.key) }
    // The kernel has reused the PID for another process.
    for pid in processes.keys { paused[pid] = nil }
    early.removeAll()
    for (token, thread) in sources.threads { beginThread(thread, token, before) }
    for companion in sample.threadObservations { begin(companion, before) }
  }

  /// Whether an event reported the exit of a zombie. An untracked zombie may instead have started while
  /// events were lost, but only if it still has a thread.
  private func hasExited(
    _ zombie: SampledProcesses.Process, _ token: ProcessToken, _ crowded: Set<ProcessToken>
  ) -> Bool {
    guard processes[zombie.pid] == nil else { return false }
    return !crowded.contains(token) || paused[zombie.pid].map { isSame($0, zombie, token) } == true
  }

  /// Whether a task is certainly the same process as the sampled one.
  func isSame(
    _ task: FollowedTask, _ process: SampledProcesses.Process, _ token: ProcessToken?
  ) -> Bool {
    task.source.map { $0 == token } ?? task.facts.isSame(process.facts)
  }

  /// Stores a sample from which the follower does not start, because the next sample reports only
  /// differences.
  func keep(_ sample: ProcessSample) {
    _ = sources.add(sample)
    relations.add(sample.related)
  }

  private func take(
    _ process: SampledProcesses.Process, _ token: ProcessToken, _ task: FollowedTask
  ) {
    task.bind(to: process.appearance(token))
  }

  /// Returns the task of a sampled process: the tracked one if it is certainly the same, else a new one.
  private func task(of process: SampledProcesses.Process, _ token: ProcessToken) -> FollowedTask {
    if let known = processes[process.pid], isSame(known, process, token) { return known }
    let task = FollowedTask(
      token: makeToken(), set: sets.set(process.links.links), facts: process.facts,
      description: process.description)
    processes[process.pid] = task
    return task
  }

  /// Finishes a start or resync: returns a sample with all changes that the history does not have yet.
  func finishBeginning(_ sample: ProcessSample, told: inout ReportedState) -> ProcessSample {
    var news = ProcessSample(start: sample.start)
    news.end = sample.end
    news.counts = sample.counts
    news.renamed = sets.takeRenamed()
    news.related = relations.recorded(sample.related, sets)
    news.hasAllDescriptions = sample.hasAllDescriptions
    for (token, process) in sources.processes {
      // Another process had this PID when the sample began.
      if let task = processes[process.pid], task.source == nil, task.facts.isSame(process.facts) {
        take(process, token, task)
      }
    }
    var tasks: Set<ProcessToken> = []
    if told.sets.isEmpty { news.appeared.reserveCapacity(processes.count) }
    for task in processes.values {
      tasks.insert(task.token)
      tell(task, as: nil, in: &news, told)
    }
    for (tid, thread) in threads {
      guard let task = thread.task else { continue }
      tasks.insert(task.token)
      tell(task, as: facts(of: thread, tid), in: &news, told)
    }
    for token in told.sets.keys where !tasks.contains(token) {
      news.disappeared.append(token)
      // If the process continues after all, the history starts another task for it.
      for task in paused.values where task.token == token { task.told = nil }
      if told.suspects.contains(token) { news.contradicted.insert(token) }
    }
    // The sample itself read the namespaces of all other processes.
    unconfirmed = unconfirmed.filter { processes[$0]?.set.hasUnknownID == true }
    told = ReportedState()
    return news
  }

  private func tell(
    _ task: FollowedTask, as thread: ThreadFacts?, in news: inout ProcessSample,
    _ told: ReportedState
  ) {
    let set = folding.reported(task, of: sets)
    if let before = told.sets[task.token] {
      if before !== set {
        let isRefuted = set.isZombie || set.isElsewhere(than: before)
        if isRefuted, told.suspects.contains(task.token) { news.contradicted.insert(task.token) }
        news.changed.append(.init(token: task.token, links: set.observed.links))
      }
      news.identified.append(.init(token: task.token, facts: task.facts))
      news.described.append(
        .init(
          token: task.token, description: task.description,
          since: [task.source.flatMap { sources.redescribed[$0] }, task.changedSince]
            .compactMap(\.self).min()))
    } else {
      news.appeared.append(
        .init(
          token: task.token, facts: task.facts, thread: thread, description: task.description,
          links: set.observed.links))
    }
    task.told = set
    task.changedSince = nil
  }

  /// Returns the state that the history has of each task, for comparison with a sample.
  func toldTasks() -> ReportedState {
    var told = ReportedState()
    for task in processes.values { told.sets[task.token] = task.told }
    for case let task? in threads.values.map(\.task) { told.sets[task.token] = task.told }
    told.suspects = Set(
      suspects.compactMap { processes[$0]?.token }
        + suspectThreads.compactMap { threads[$0]?.task?.token })
    return told
  }
}

/// The namespaces of each task as last reported to the history.
struct ReportedState {
  var sets: [ProcessToken: FollowedSet] = [:]
  /// Tasks whose state the last sample before a loss did not confirm. If the sample after the loss does
  /// not confirm it either, an event may have been missing before the loss already.
  var suspects: Set<ProcessToken> = []
}

extension ProcessFacts {
  /// Whether two facts describe one process, where one comes from an event, whose start time may differ
  /// by one clock tick.
  func isSame(_ other: ProcessFacts) -> Bool {
    guard let one = startTicks, let two = other.startTicks else { return false }
    return pid == other.pid && (one == two || one == two &+ 1 || two == one &+ 1)
  }
}
