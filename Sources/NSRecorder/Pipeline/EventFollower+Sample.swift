// A sample gives the initial state of every task, or the new state after events were lost (a resync);
// later samples verify the state. If an event of a process occurs while a sample is taken, the sample
// proves nothing about that process, and the next sample has to verify it.

internal import NamespaceModel

extension EventFollower {
  /// A sample whose tokens and namespaces are translated to those of the history. Its disagreements are the
  /// tasks that it shows in a state that no event had reported.
  struct Verified {
    var sample: ProcessSample
    /// The number of disagreements.
    var disagreements: Int { sample.disagreementCount }

    /// Adds a task that the sample and the events show in different namespaces, or that only one of the two
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

  /// Starts or resyncs from a sample. Between `begin` and `finishResync` the caller applies the events since
  /// the beginning of the sample. Applied to the sampled state, they give the state at the end of the sample.
  ///
  /// - Parameter throttled: the PIDs of processes with a queued change that stands for omitted ones. Some of
  ///   the omitted changes may have occurred before the end of the sample.
  ///
  /// - Parameter exits: by PID or TID, the exits that events had reported before the sample began. The sample may still show
  ///   such a task, as it ends.
  func begin(
    _ sample: ProcessSample, throttled: Set<Int32> = [], exits: [Int32: BootTime] = [:]
  ) {
    let isFirst = began == .min
    began = sample.end.boot
    contradiction = nil
    needsOtherSample = false
    awaitingSample.removeAll()
    translator.beginResync(throttled: throttled)
    unverified.removeAll()
    unverifiedThreads.removeAll()
    // A namespace held before the sample does not prove which namespace has its inode number now: only
    // the sample does.
    let before = tasks.removeAll()
    for case let task? in before.threads.values.map(\.task) { translator.stopThrottling(task) }
    namespaces.restart(from: sample)
    _ = sources.add(sample)
    let withThreads = Set(
      sources.threads.values.compactMap(\.thread?.process)
        + sample.threadObservations.compactMap(\.thread.process))
    for (token, process) in sources.processes {
      if process.links.isZombie, !isFirst, hasExited(process, token, withThreads, before.processes)
      {
        continue
      }
      if !process.links.isZombie, hasEnded(process, token, withThreads, exits) { continue }
      let task = task(of: process, token, before.processes)
      bind(process, token, task)
      task.exiting = []
      tasks.add(task, in: namespaces.set(process.links.links))
    }
    seenBeforeForkEvent.removeAll()
    for (token, thread) in sources.threads { beginThread(thread, token, before.threads) }
    for observation in sample.threadObservations { begin(observation, before.threads) }
  }

  /// Whether an event reported the exit of a zombie that a resync's sample shows. An untracked zombie may
  /// otherwise be a process that started while events were lost, but only if it still has a thread.
  private func hasExited(
    _ zombie: SampledProcesses.Process, _ token: ProcessToken, _ withThreads: Set<ProcessToken>,
    _ before: [Int32: FollowedTask]
  ) -> Bool {
    guard before[zombie.pid] == nil else { return false }
    return !withThreads.contains(token)
      || tasks.resumable[zombie.pid].map { $0.isSame(zombie, token) } == true
  }

  /// Whether an event had reported the exit of a process without other threads before a sample began that still shows
  /// it.
  private func hasEnded(
    _ process: SampledProcesses.Process, _ token: ProcessToken, _ withThreads: Set<ProcessToken>,
    _ exits: [Int32: BootTime]
  ) -> Bool {
    guard let exit = exits[process.pid], !withThreads.contains(token),
      let start = process.facts.startTicks
    else { return false }
    return ExitTick(exit).isEnd(ofStart: start)
  }

  /// Stores a sample from which the follower does not start. The sample is needed because the next one
  /// reports only differences from it.
  func store(_ sample: ProcessSample) {
    _ = sources.add(sample)
    namespaces.add(sample.related)
  }

  private func bind(
    _ process: SampledProcesses.Process, _ token: ProcessToken, _ task: FollowedTask
  ) {
    task.bind(to: process.appearance(token))
  }

  /// Returns the task of a sampled process: the tracked one if it is certainly the same, else a new one.
  private func task(
    of process: SampledProcesses.Process, _ token: ProcessToken, _ before: [Int32: FollowedTask]
  ) -> FollowedTask {
    if let known = before[process.pid], known.isSame(process, token) { return known }
    return FollowedTask(
      token: tasks.makeToken(), set: namespaces.set(process.links.links), facts: process.facts,
      description: process.description)
  }

  /// Finishes a start or resync: returns a sample with all changes that the history does not have yet.
  func finishResync(_ sample: ProcessSample, reported: inout ReportedState) -> ProcessSample {
    var translated = ProcessSample(start: sample.start)
    translated.end = sample.end
    translated.counts = sample.counts
    translated.renamed = namespaces.takeRenamed()
    translated.related = namespaces.recorded(sample.related)
    translated.hasAllDescriptions = sample.hasAllDescriptions
    for (token, process) in sources.processes {
      // An event started this process while the sample was taken; when the sample began, another process had
      // the PID.
      if let task = tasks.processes[process.pid], task.source == nil,
        task.facts.isSame(process.facts)
      {
        bind(process, token, task)
      }
    }
    var present: Set<ProcessToken> = []
    if reported.sets.isEmpty { translated.appeared.reserveCapacity(tasks.processes.count) }
    for task in tasks.processes.values {
      present.insert(task.token)
      emit(task, as: nil, in: &translated, reported)
    }
    for (tid, thread) in tasks.threads {
      guard let task = thread.task else { continue }
      present.insert(task.token)
      emit(task, as: tasks.facts(of: thread, tid), in: &translated, reported)
    }
    for token in reported.sets.keys where !present.contains(token) {
      translated.disappeared.append(token)
      // If an exec resumes the process later, the history records it as a new task.
      for task in tasks.resumable.values where task.token == token { task.reported = nil }
      if reported.unverified.contains(token) { translated.contradicted.insert(token) }
    }
    // The sample itself read the namespaces of all other processes.
    awaitingSample = awaitingSample.filter { tasks.processes[$0]?.set.hasUnknownID == true }
    reported = ReportedState()
    return translated
  }

  private func emit(
    _ task: FollowedTask, as thread: ThreadFacts?, in translated: inout ProcessSample,
    _ reported: ReportedState
  ) {
    let set = translator.setToReport(task)
    if let before = reported.sets[task.token] {
      if before !== set {
        let isRefuted = set.isZombie || set.isElsewhere(than: before)
        if isRefuted, reported.unverified.contains(task.token) {
          translated.contradicted.insert(task.token)
        }
        translated.changed.append(.init(token: task.token, links: set.observed.links))
      }
      translated.identified.append(.init(token: task.token, facts: task.facts))
      translated.described.append(
        .init(
          token: task.token, description: task.description,
          since: [task.source.flatMap { sources.redescribed[$0] }, task.changedSince]
            .compactMap(\.self).min()))
    } else {
      translated.appeared.append(
        .init(
          token: task.token, facts: task.facts, thread: thread, description: task.description,
          links: set.observed.links))
    }
    task.reported = set
    task.changedSince = nil
  }

  /// Returns the state that the history has of each task, for comparison with the sample of a resync.
  func reportedState() -> ReportedState {
    var reported = ReportedState()
    for task in tasks.processes.values { reported.sets[task.token] = task.reported }
    for case let task? in tasks.threads.values.map(\.task) {
      reported.sets[task.token] = task.reported
    }
    reported.unverified = Set(
      unverified.compactMap { tasks.processes[$0]?.token }
        + unverifiedThreads.compactMap { tasks.threads[$0]?.task?.token })
    return reported
  }
}

/// The namespaces of each task as last reported to the history.
struct ReportedState {
  var sets: [ProcessToken: FollowedSet] = [:]
  /// Tasks whose state the last sample before a loss did not confirm. If the sample after the loss does
  /// not confirm it either, an event may have been missing before the loss already.
  var unverified: Set<ProcessToken> = []
}
