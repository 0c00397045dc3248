internal import NamespaceModel

/// Adopts a sample as the state of all tasks: at the start of the recording, and in a resync after events were lost.
///
/// Between `begin` and `finish`, the caller applies the events since the beginning of the sample. Applied to the sampled
/// state, they give the state at the end of the sample.
struct SampleAdopter {
  private let tasks: TaskTable
  private let namespaces: NamespaceResolver
  private let translator: EventTranslator
  /// The processes and threads as the samples observed them, with the tokens of the samples.
  private let sampled: SampledProcesses

  init(
    _ tasks: TaskTable, _ namespaces: NamespaceResolver, _ translator: EventTranslator,
    _ sampled: SampledProcesses
  ) {
    self.tasks = tasks
    self.namespaces = namespaces
    self.translator = translator
    self.sampled = sampled
  }

  /// Stores a sample that is not adopted. It is needed because the next one reports only differences from it.
  func store(_ sample: ProcessSample) {
    _ = sampled.add(sample)
    namespaces.add(sample.related)
  }

  // MARK: Beginning

  /// Makes the tasks that a sample shows the tracked ones.
  ///
  /// - Parameters:
  ///   - isFirst: whether no sample was adopted before.
  ///   - throttled: the PIDs of processes with a queued change that stands for omitted ones. Some of
  ///     the omitted changes may have occurred before the end of the sample.
  ///   - exits: by PID or TID, the exits that events had reported before the sample began. The sample may still show
  ///     such a task, as it ends.
  ///   - now: the time of the last applied event.
  func begin(
    _ sample: ProcessSample, isFirst: Bool, throttled: Set<Int32>, exits: [Int32: BootTime],
    at now: BootTime
  ) {
    translator.beginResync(throttled: throttled)
    // A namespace held before the sample does not prove which namespace has its inode number now: only
    // the sample does.
    let before = tasks.removeAll()
    for case let task? in before.threads.values.map(\.task) { translator.stopThrottling(task) }
    namespaces.restart(from: sample)
    _ = sampled.add(sample)
    let withThreads = Set(
      sampled.threads.values.compactMap(\.thread?.process)
        + sample.threadObservations.compactMap(\.thread.process))
    for (token, process) in sampled.processes {
      if process.links.isZombie, !isFirst, hasExited(process, token, withThreads, before.processes)
      {
        continue
      }
      if !process.links.isZombie, hasEnded(process, token, withThreads, exits) { continue }
      let set = namespaces.set(process.links.links)
      let known = before.processes[process.pid].flatMap { $0.isSame(process, token) ? $0 : nil }
      let task = known ?? tasks.makeTask(of: process, in: set)
      task.bind(to: process.appearance(token))
      task.exiting = []
      tasks.add(task, in: set)
    }
    for (token, thread) in sampled.threads { begin(thread, token, before.threads, at: now) }
    for observation in sample.threadObservations { begin(observation, before.threads, at: now) }
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

  /// Adds a thread that is a task of its own.
  ///
  /// - Parameter before: the threads tracked before, by TID; the thread may be one of them.
  private func begin(
    _ thread: SampledProcesses.Process, _ token: ProcessToken, _ before: [Int32: FollowedThread],
    at now: BootTime
  ) {
    guard let facts = thread.thread, tasks.hasProcess(of: thread) else { return }
    let set = namespaces.set(thread.links.links)
    let known = before[facts.tid].flatMap { known in
      known.pid == thread.pid
        && (known.task?.source == token || known.hasSameStart(facts, at: now)) ? known.task : nil
    }
    tasks.add(thread, facts, as: known ?? tasks.makeTask(of: thread, in: set), token, in: set)
  }

  /// Adds a thread that is in its process's namespaces.
  ///
  /// - Parameter before: the threads tracked before, by TID; the thread may be one of them that returned
  ///   to its process's namespaces.
  private func begin(
    _ observation: ProcessSample.ThreadObservation, _ before: [Int32: FollowedThread],
    at now: BootTime
  ) {
    guard let process = tasks.processes[observation.pid],
      process.source == observation.thread.process
    else { return }
    let tid = observation.thread.tid
    let known = before[tid].flatMap { known in
      known.pid == observation.pid && known.hasSameStart(observation.thread, at: now)
        ? known.task : nil
    }
    tasks.add(
      FollowedThread(
        pid: observation.pid, set: observation.links.map { namespaces.set($0) } ?? process.set,
        startTicks: observation.thread.startTicks, task: known),
      tid)
  }

  // MARK: End

  /// Returns the state that the history has of each task, for comparison with the sample of a resync.
  ///
  /// - Parameter unverified: the tasks whose state the last sample did not confirm.
  func reportedState(unverified: Set<ProcessToken>) -> ReportedState {
    var reported = ReportedState(unverified: unverified)
    for task in tasks.processes.values { reported.sets[task.token] = task.reported }
    for case let task? in tasks.threads.values.map(\.task) {
      reported.sets[task.token] = task.reported
    }
    return reported
  }

  /// Returns the adopted sample with all changes that the history does not have yet.
  ///
  /// - Parameter reported: the state that the history has.
  func finish(_ sample: ProcessSample, _ reported: ReportedState) -> ProcessSample {
    var translated = VerifiedSample(sample).sample
    translated.renamed = namespaces.takeRenamed()
    translated.related = namespaces.recorded(sample.related)
    for (token, process) in sampled.processes {
      // An event started this process while the sample was taken; when the sample began, another process had
      // the PID.
      if let task = tasks.processes[process.pid], task.source == nil,
        task.facts.isSame(process.facts)
      {
        task.bind(to: process.appearance(token))
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
          since: [task.source.flatMap { sampled.redescribed[$0] }, task.changedSince]
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
}

/// The namespaces of each task as last reported to the history.
struct ReportedState {
  var sets: [ProcessToken: FollowedSet] = [:]
  /// Tasks whose state the last sample before a loss did not confirm. If the sample after the loss does
  /// not confirm it either, an event may have been missing before the loss already.
  var unverified: Set<ProcessToken> = []
}
