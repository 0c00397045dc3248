// Samples and events: a sample shows where all begins, or begins anew after events were lost; from then
// on it verifies. What it read of a process to which something happened meanwhile proves nothing, so of
// that the next one tells.

internal import NamespaceModel

extension EventFollower {
  /// What a sample has to tell in the history's own names, and of which processes it shows what no
  /// event had reported.
  struct Verified {
    var sample: ProcessSample
    /// Of how many.
    var disagreements: Int { sample.disagreementCount }

    /// A task is elsewhere by the sample than by events, or is known to one of the two only.
    mutating func disagree(
      _ task: FollowedTask, tid: Int32? = nil, reported: FollowedSet?, sampled: FollowedSet?
    ) {
      sample.disagree(
        Disagreement(
          pid: task.pid, tid: tid, comm: task.description.comm, reported: reported?.observed,
          sampled: sampled?.observed))
    }
  }

  /// Begins with what a sample saw. Events that were reported since it began are to be taken in between
  /// `begin` and `finishBeginning`: on top of what was read they make what was when it was over.
  ///
  /// - Parameter folded: the processes of which a change is waiting before which others were left out:
  ///   some of those may have been before the sample was over.
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
    // What was reported of them next may be lost.
    newborn.removeAll()
    // What the sample does not tell of them is not known any more.
    let before = threads
    for tid in Array(threads.keys) { endThread(tid, at: sample.start.boot) }
    // What was held before says nothing of who has its number now: only what the sample read does.
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
    // The number is another's now.
    for pid in processes.keys { paused[pid] = nil }
    early.removeAll()
    for (token, thread) in sources.threads { beginThread(thread, token, before) }
    for companion in sample.companions { begin(companion, before) }
  }

  /// Whether the exit of a zombie was reported: it began in what was lost only if a thread of it is left.
  private func hasExited(
    _ zombie: SampledProcesses.Process, _ token: ProcessToken, _ crowded: Set<ProcessToken>
  ) -> Bool {
    guard processes[zombie.pid] == nil else { return false }
    return !crowded.contains(token) || paused[zombie.pid].map { isSame($0, zombie, token) } == true
  }

  /// Whether a task is certainly the process that a sample shows.
  func isSame(
    _ task: FollowedTask, _ process: SampledProcesses.Process, _ token: ProcessToken?
  ) -> Bool {
    task.source.map { $0 == token } ?? task.facts.isSame(process.facts)
  }

  /// Keeps what a sample told that nothing is to begin with: the next one tells only what is new.
  func keep(_ sample: ProcessSample) {
    _ = sources.add(sample)
    relations.add(sample.related)
  }

  private func take(
    _ process: SampledProcesses.Process, _ token: ProcessToken, _ task: FollowedTask
  ) {
    task.bind(to: process.appearance(token))
  }

  /// The task that a process of a sample is: the one that was followed, if it is certainly the same.
  private func task(of process: SampledProcesses.Process, _ token: ProcessToken) -> FollowedTask {
    if let known = processes[process.pid], isSame(known, process, token) { return known }
    let task = FollowedTask(
      token: makeToken(), set: sets.set(process.links.links), facts: process.facts,
      description: process.description)
    processes[process.pid] = task
    return task
  }

  /// Ends a beginning: gives the sample that tells all that the history does not know yet.
  func finishBeginning(_ sample: ProcessSample, told: inout ReportedState) -> ProcessSample {
    var news = ProcessSample(start: sample.start)
    news.end = sample.end
    news.counts = sample.counts
    news.renamed = sets.takeRenamed()
    news.related = relations.recorded(sample.related, sets)
    news.hasAllDescriptions = sample.hasAllDescriptions
    for (token, process) in sources.processes {
      // Another had its number when the sample began.
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
      // If it goes on nevertheless, that begins another task.
      for task in paused.values where task.token == token { task.told = nil }
      if told.suspects.contains(token) { news.contradicted.insert(token) }
    }
    // What the sample showed of the others it read itself.
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

  /// What the history knows of tasks, to be compared with once a sample has shown where they are.
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

/// Where the history has tasks.
struct ReportedState {
  var sets: [ProcessToken: FollowedSet] = [:]
  /// Those that the last sample did not confirm. If the one behind a loss does not either, something
  /// may have been missing before the loss already.
  var suspects: Set<ProcessToken> = []
}

extension ProcessFacts {
  /// Whether it is the same process, as one that an event reported: that knows its start to one clock
  /// tick or the next.
  func isSame(_ other: ProcessFacts) -> Bool {
    guard let one = startTicks, let two = other.startTicks else { return false }
    return pid == other.pid && (one == two || one == two &+ 1 || two == one &+ 1)
  }
}
