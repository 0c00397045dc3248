// Verifies the state that events established against a sample.

internal import NamespaceModel

extension EventFollower {
  /// Compares a sample with the state that the events up to the sample's beginning establish.
  ///
  /// - Parameter pidsWithEvents: the PIDs of processes with an event during the sample, or so shortly after it that
  ///   the sample may show the change already. The sample proves nothing about these processes.
  func verify(_ sample: ProcessSample, pidsWithEvents: Set<Int32>) -> Verified {
    var translated = ProcessSample(start: sample.start)
    translated.end = sample.end
    translated.counts = sample.counts
    translated.hasAllDescriptions = sample.hasAllDescriptions
    var verified = Verified(sample: translated)
    var unverified: Set<Int32> = []
    let gone = sources.add(sample)
    namespaces.advance(toEndOf: sample)
    for appearance in sample.appeared where appearance.thread == nil {
      let isUnproven = sample.unproven.contains(appearance.token)
      discover(appearance, isUnproven ? gone : [:], pidsWithEvents, &unverified, &verified)
    }
    for change in sample.changed {
      guard let process = sources[change.token] else { continue }
      awaitingSample.insert(process.pid)
      // An event reported the exit of the process, but it still runs: an exec was not reported, or its
      // event could not be attributed to the process.
      if tasks.processes[process.pid] == nil, !process.links.isZombie,
        seenBeforeForkEvent[process.pid] == nil
      {
        seenBeforeForkEvent[process.pid] = process.appearance(change.token).withoutProgram
      }
    }
    for (token, process) in gone {
      guard let task = tasks.processes[process.pid], task.source == token else { continue }
      markExited(task, pidsWithEvents, &unverified, &verified, isLate: false)
    }
    for redescription in sample.described { describe(redescription, pidsWithEvents, &verified) }
    reportVerifiedDescriptions(sample, pidsWithEvents, &verified)
    let due = awaitingSample
    awaitingSample = pidsWithEvents
    for pid in due where !pidsWithEvents.contains(pid) {
      guard let task = tasks.processes[pid] else { continue }
      if let token = task.source, let process = sources[token] {
        namespaces.learn(process.links.links, in: task.set)
        compare(task, namespaces.set(process.links.links), of: pid, &unverified, &verified)
      } else if task.source == nil,
        let (token, process) = sources.same(as: task.facts, isZombie: task.set.isZombie)
      {
        // The main thread exited while a sample observed the process.
        identify(task, as: process.appearance(token), pidsWithEvents, &verified)
        namespaces.learn(process.links.links, in: task.set)
        compare(task, namespaces.set(process.links.links), of: pid, &unverified, &verified)
      } else {
        markExited(task, pidsWithEvents, &unverified, &verified, isLate: true)
      }
    }
    // These processes come last, because one of the tasks dropped above may have had the PID of one of them.
    for (pid, appearance) in seenBeforeForkEvent
    where self.unverified.contains(pid) && !pidsWithEvents.contains(pid) {
      guard let process = sources[appearance.token] else {
        seenBeforeForkEvent[pid] = nil
        continue
      }
      guard tasks.processes[pid] == nil else { continue }
      seenBeforeForkEvent[pid] = nil
      adopt(appearance, process, &verified)
    }
    self.unverified = unverified.union(seenBeforeForkEvent.keys)
    if sample.hasThreads { verifyThreads(sample.threadObservations, pidsWithEvents, &verified) }
    reportUnthrottled(pidsWithEvents, at: sample.start.boot, &verified)
    verified.sample.renamed = namespaces.takeRenamed()
    verified.sample.related = namespaces.recorded(sample.related)
    return verified
  }

  /// Handles a process that a sample observes for the first time.
  private func discover(
    _ appearance: ProcessSample.Appearance, _ gone: [ProcessToken: SampledProcesses.Process],
    _ pidsWithEvents: Set<Int32>, _ unverified: inout Set<Int32>, _ verified: inout Verified
  ) {
    let pid = appearance.facts.pid
    if let task = tasks.processes[pid], isNew(task, appearance, gone) {
      awaitingSample.insert(pid)
      identify(task, as: appearance, pidsWithEvents, &verified)
    } else if hasEnded(appearance) {
      // The sample shows a process as it ends.
      return
    } else if sources[appearance.token]?.links.isZombie != true {
      // The event that reports the start has not been applied yet. A zombie that is not tracked was tracked
      // before: an event has reported its exit.
      seenBeforeForkEvent[pid] = appearance.withoutProgram
      unverified.insert(pid)
    }
  }

  /// Whether a task is the sampled process in `appearance`, either because no sample has observed the task
  /// yet, or because the samples only gave it a new token.
  ///
  /// At the limit of open files, the source of samples cannot distinguish a process from another that gets
  /// the same PID within the clock tick of its start. Events can: they reported no exit.
  ///
  /// - Parameter gone: the processes that the sample reports as disappeared, one of which the task may be.
  private func isNew(
    _ task: FollowedTask, _ appearance: ProcessSample.Appearance,
    _ gone: [ProcessToken: SampledProcesses.Process]
  ) -> Bool {
    guard let source = task.source else { return task.relation(to: appearance) == .same }
    guard let before = gone[source]?.facts.startTicks else { return false }
    return before == appearance.facts.startTicks
  }

  /// Whether events have reported the exit of the sampled process, and maybe the start of another one with its PID.
  private func hasEnded(_ appearance: ProcessSample.Appearance) -> Bool {
    let pid = appearance.facts.pid
    if let task = tasks.processes[pid] {
      return task.source == nil && task.relation(to: appearance) == .predecessor
    }
    guard let ended = tasks.ended(pid), !ended.mayResume, let start = appearance.facts.startTicks
    else {
      return false
    }
    return ended.exit.isEnd(ofStart: start)
  }

  private func identify(
    _ task: FollowedTask, as appearance: ProcessSample.Appearance, _ pidsWithEvents: Set<Int32>,
    _ verified: inout Verified
  ) {
    let before = task.description
    task.bind(to: appearance)
    if pidsWithEvents.contains(task.pid) {
      task.description = merged(appearance.description, into: before, of: task.pid)
      task.changedSince = .min
    }
    verified.sample.identified.append(.init(token: task.token, facts: task.facts))
    verified.sample.described.append(.init(token: task.token, description: task.description))
  }

  /// Reports the namespaces of tasks with throttled links that this sample establishes, and stops throttling
  /// them.
  private func reportUnthrottled(
    _ pidsWithEvents: Set<Int32>, at time: BootTime, _ verified: inout Verified
  ) {
    let released = translator.stopThrottling { task in
      !pidsWithEvents.contains(task.pid) && !unverified.contains(task.pid)
    }
    for task in released where task.reported !== task.set {
      task.reported = task.set
      verified.sample.changed.append(.init(token: task.token, links: task.set.observed.links))
      if tasks.processes[task.pid] === task { compareThreads(of: task, at: time) }
    }
  }

  private func wasUnverified(_ pid: Int32) -> Bool { unverified.contains(pid) }

  /// Adopts a sampled process that no event reported.
  private func adopt(
    _ appearance: ProcessSample.Appearance, _ process: SampledProcesses.Process,
    _ verified: inout Verified
  ) {
    guard !process.links.isZombie else { return }
    let task = FollowedTask(
      token: tasks.makeToken(), set: namespaces.set(process.links.links), facts: process.facts,
      description: process.description)
    task.source = appearance.token
    task.reported = task.set
    tasks.add(task, in: task.set)
    verified.sample.appeared.append(
      .init(
        token: task.token, facts: task.facts, description: task.description,
        links: task.set.observed.links))
    verified.disagree(task, reported: nil, sampled: task.set)
  }

  /// Handles a process that the sample does not show: drops it if it is a zombie, or if the previous sample
  /// did not confirm it either. Otherwise the next sample decides.
  ///
  /// - Parameter isLate: whether the sample before may have missed the process already. Then a zombie is certain to
  ///   exist only up to the last sample that confirmed it.
  private func markExited(
    _ task: FollowedTask, _ pidsWithEvents: Set<Int32>, _ unverified: inout Set<Int32>,
    _ verified: inout Verified, isLate: Bool
  ) {
    guard !pidsWithEvents.contains(task.pid) else { return }
    // No event reports when a zombie is reaped. A process with remaining threads cannot have been reaped.
    let isZombie = task.set.isZombie && tasks.threadsOf[task.pid] == nil
    guard isZombie || wasUnverified(task.pid) else {
      unverified.insert(task.pid)
      awaitingSample.insert(task.pid)
      return
    }
    tasks.remove(task)
    translator.stopThrottling(task)
    verified.sample.disappeared.append(task.token)
    if !isZombie || isLate { verified.sample.contradicted.insert(task.token) }
    guard !isZombie else { return }
    verified.disagree(task, reported: task.set, sampled: nil)
  }

  private func compare(
    _ task: FollowedTask, _ read: FollowedSet, of pid: Int32, _ unverified: inout Set<Int32>,
    _ verified: inout Verified
  ) {
    guard compare(task, read, wasUnverified: wasUnverified(pid), &verified) else { return }
    unverified.insert(pid)
    awaitingSample.insert(pid)
  }

  /// Compares a task with the set that a sample read, and returns whether the next sample has to decide.
  func compare(
    _ task: FollowedTask, _ read: FollowedSet, wasUnverified: Bool, _ verified: inout Verified
  ) -> Bool {
    guard read !== task.set, !read.isZombie else { return false }
    let differs = read.isElsewhere(than: task.set)
    if differs, !wasUnverified { return true }
    // A link that the sample was not permitted to read stays as events reported it.
    let links = zip(read.links, task.set.links).map { read, known -> FollowedLink in
      if case .unread(.denied) = read { return known }
      // A namespace that was reported without an id stays the same object, so that it retains its recorded
      // name.
      let isSame = known.namespace != nil && read.inode == known.inode
      return isSame && !read.isCertainlyOther(than: known) ? known : read
    }
    let set = sets.set(links)
    guard set !== task.set else { return false }
    let before = task.set
    task.move(to: set)
    let reported = translator.setToReport(task)
    task.reported = reported
    verified.sample.changed.append(.init(token: task.token, links: reported.observed.links))
    guard differs else { return false }
    verified.sample.contradicted.insert(task.token)
    let tid =
      tasks.processes[task.pid] === task ? nil : tasks.threads.first { $0.value.task === task }?.key
    verified.disagree(task, tid: tid, reported: before, sampled: read)
    return false
  }
}

extension ProcessSample.Appearance {
  /// The appearance without the program, which may be that of an exec whose event is not applied yet.
  fileprivate var withoutProgram: Self {
    var copy = self
    copy.description.program = nil
    return copy
  }
}
