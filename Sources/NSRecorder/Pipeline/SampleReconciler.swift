internal import NamespaceModel

/// Compares each sample with the state that the events before it established, and decides what the history gets of it.
///
/// If the sample does not show a task in the state that events had reported, the events may not have arrived yet: the
/// task is unverified, and the next sample decides. If an event of a process occurs while a sample is taken, the sample
/// proves nothing about that process, and the next sample has to confirm it.
final class SampleReconciler {
  private let tasks: TaskTable
  private let sets: FollowedSets
  private let namespaces: NamespaceResolver
  private let translator: EventTranslator
  /// The processes and threads as the samples observed them, with the tokens of the samples.
  private let sampled: SampledProcesses
  /// PIDs of processes whose state the next sample has to confirm: it has changed, or the last sample could not
  /// establish it.
  private var awaitingSample: Set<Int32> = []
  /// PIDs of processes whose state the last sample did not confirm. Their events may not have arrived yet. If
  /// the next sample does not confirm the state either, the follower adopts the sampled state.
  private var unverified: Set<Int32> = []
  /// PIDs of processes whose user or cgroup samples have to verify, with the number of samples until
  /// both will have been read.
  private var unverifiedDescriptions: [Int32: Int] = [:]
  /// By PID, the processes that a sample observed before the follower applied their first event.
  private var seenBeforeForkEvent: [Int32: ProcessSample.Appearance] = [:]
  private let threads: ThreadReconciler

  init(
    _ tasks: TaskTable, _ sets: FollowedSets, _ namespaces: NamespaceResolver,
    _ translator: EventTranslator, _ sampled: SampledProcesses
  ) {
    self.tasks = tasks
    self.sets = sets
    self.namespaces = namespaces
    self.translator = translator
    self.sampled = sampled
    threads = ThreadReconciler(tasks, sets, namespaces, translator)
  }

  /// Whether the last sample did not confirm the state of some task, so that the next sample has to decide.
  var hasUnverified: Bool { !unverified.isEmpty || threads.hasUnverified }

  /// The tokens of the tasks whose state the last sample did not confirm.
  var unverifiedTokens: Set<ProcessToken> {
    threads.unverifiedTokens.union(unverified.compactMap { tasks.processes[$0]?.token })
  }

  // MARK: What events change

  /// Has the next sample confirm the state of a process, because an event changed it.
  func awaitSample(of pid: Int32) { awaitingSample.insert(pid) }

  /// Notes that an event reported the exit of a process, which no sample has to confirm.
  func noteExit(of pid: Int32) { awaitingSample.remove(pid) }

  /// Has the next sample confirm a process whose start an event reported, and gives the process what a sample observed
  /// of it before.
  func noteStart(of task: FollowedTask) {
    awaitingSample.insert(task.pid)
    guard let appearance = seenBeforeForkEvent[task.pid] else { return }
    switch task.relation(to: appearance) {
    case .same:
      seenBeforeForkEvent[task.pid] = nil
      task.bind(to: appearance)
    case .predecessor: seenBeforeForkEvent[task.pid] = nil
    // The event that reports the start of the sampled process has not been applied yet.
    case .successor: break
    }
  }

  /// Has the next sample confirm a process that an exec continues after its exit was reported, and gives the process
  /// what a sample observed of it before.
  func noteResumption(of task: FollowedTask) {
    awaitingSample.insert(task.pid)
    if let appearance = seenBeforeForkEvent.removeValue(forKey: task.pid), task.source == nil {
      task.bind(to: appearance)
    }
  }

  /// Notes that a process executed a program.
  ///
  /// - Parameter read: the description that was probed right after it. Samples verify what it lacks.
  func noteExec(of task: FollowedTask, _ read: ProcessDescription?) {
    // The program that a sample read before the exec is not this one.
    if let source = task.source { sampled.forgetProgram(of: source) }
    if read?.uid == nil || read?.cgroup == nil || read?.program?.commandLine == nil {
      unverifiedDescriptions[task.pid] = ProcessDescription.samplesToReadAll
    }
  }

  /// Whether the last sample showed a zombie with a PID.
  func showsZombie(_ pid: Int32) -> Bool { sampled.showZombie(pid) }

  // MARK: Samples

  /// Compares a sample with the state that the events up to the sample's beginning establish.
  ///
  /// - Parameters:
  ///   - pidsWithEvents: the PIDs of processes with an event during the sample, or so shortly after it that
  ///     the sample may show the change already. The sample proves nothing about these processes.
  ///   - now: the time of the last applied event.
  func verify(_ sample: ProcessSample, pidsWithEvents: Set<Int32>, now: BootTime) -> VerifiedSample
  {
    var verified = VerifiedSample(sample)
    var unverified: Set<Int32> = []
    let gone = sampled.add(sample)
    namespaces.advance(toEndOf: sample)
    for appearance in sample.appeared where appearance.thread == nil {
      let isUnproven = sample.unproven.contains(appearance.token)
      discover(appearance, isUnproven ? gone : [:], pidsWithEvents, &unverified, &verified)
    }
    for change in sample.changed {
      guard let process = sampled[change.token] else { continue }
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
      if let token = task.source, let process = sampled[token] {
        namespaces.learn(process.links.links, in: task.set)
        compare(task, namespaces.set(process.links.links), of: pid, &unverified, &verified)
      } else if task.source == nil,
        let (token, process) = sampled.same(as: task.facts, isZombie: task.set.isZombie)
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
      guard let process = sampled[appearance.token] else {
        seenBeforeForkEvent[pid] = nil
        continue
      }
      guard tasks.processes[pid] == nil else { continue }
      seenBeforeForkEvent[pid] = nil
      adopt(appearance, process, &verified)
    }
    self.unverified = unverified.union(seenBeforeForkEvent.keys)
    if sample.hasThreads {
      threads.verify(
        sample.threadObservations, sampled, pidsWithEvents, at: now, &verified)
    }
    stopThrottling(pidsWithEvents, &verified)
    return verified
  }

  /// Handles a process that a sample observes for the first time.
  private func discover(
    _ appearance: ProcessSample.Appearance, _ gone: [ProcessToken: SampledProcesses.Process],
    _ pidsWithEvents: Set<Int32>, _ unverified: inout Set<Int32>, _ verified: inout VerifiedSample
  ) {
    let pid = appearance.facts.pid
    if let task = tasks.processes[pid], isNew(task, appearance, gone) {
      awaitingSample.insert(pid)
      identify(task, as: appearance, pidsWithEvents, &verified)
    } else if hasEnded(appearance) {
      // The sample shows a process as it ends.
      return
    } else if sampled[appearance.token]?.links.isZombie != true {
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
    _ verified: inout VerifiedSample
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
  private func stopThrottling(_ pidsWithEvents: Set<Int32>, _ verified: inout VerifiedSample) {
    let released = translator.stopThrottling { task in
      !pidsWithEvents.contains(task.pid) && !unverified.contains(task.pid)
    }
    for task in released where task.reported !== task.set {
      task.reported = task.set
      verified.sample.changed.append(.init(token: task.token, links: task.set.observed.links))
      verified.released.append(task)
    }
  }

  /// Adopts a sampled process that no event reported.
  private func adopt(
    _ appearance: ProcessSample.Appearance, _ process: SampledProcesses.Process,
    _ verified: inout VerifiedSample
  ) {
    guard !process.links.isZombie else { return }
    let task = tasks.makeTask(of: process, in: namespaces.set(process.links.links))
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
    _ verified: inout VerifiedSample, isLate: Bool
  ) {
    guard !pidsWithEvents.contains(task.pid) else { return }
    // No event reports when a zombie is reaped. A process with remaining threads cannot have been reaped.
    let isZombie = task.set.isZombie && tasks.threadsOf[task.pid] == nil
    guard isZombie || self.unverified.contains(task.pid) else {
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
    _ verified: inout VerifiedSample
  ) {
    let isUnverified = verified.compare(
      task, with: read, wasUnverified: self.unverified.contains(pid), sets, translator)
    guard isUnverified else { return }
    unverified.insert(pid)
    awaitingSample.insert(pid)
  }

  // MARK: Descriptions

  /// Applies a description that has changed between two samples.
  private func describe(
    _ redescription: ProcessSample.Redescription, _ pidsWithEvents: Set<Int32>,
    _ verified: inout VerifiedSample
  ) {
    let process = sampled[redescription.token] ?? sampled.threads[redescription.token]
    guard let process,
      let task = process.thread.map({ tasks.threads[$0.tid]?.task })
        ?? tasks.processes[process.pid],
      task.source == redescription.token
    else { return }
    var since = redescription.since
    if pidsWithEvents.contains(task.pid) {
      task.description = merged(redescription.description, into: task.description, of: task.pid)
      task.changedSince = min(task.changedSince ?? .max, since ?? .min)
    } else {
      task.description.update(redescription.description)
      if let earlier = task.changedSince { since = min(earlier, since ?? .min) }
    }
    verified.sample.described.append(
      .init(token: task.token, description: task.description, since: since))
  }

  /// Merges the description that a sample read with the known one, for a process with events during the
  /// sample: the sample may have read the process before or after an event. Values that were probed at an
  /// event take precedence. Unknown and inherited values are taken from the sample, and a later sample
  /// verifies them. The program is never taken from it: it may be that of an exec whose event is not applied yet.
  private func merged(
    _ read: ProcessDescription, into known: ProcessDescription, of pid: Int32
  ) -> ProcessDescription {
    var merged = known
    merged.comm = known.comm ?? read.comm
    merged.parentPID = read.parentPID ?? known.parentPID
    if known.uid == nil || known.inherited.contains(.user), let uid = read.uid {
      merged.uid = uid
      merged.inherited.insert(.user)
    }
    if known.cgroup == nil || known.inherited.contains(.cgroup), let cgroup = read.cgroup {
      merged.cgroup = cgroup
      merged.inherited.insert(.cgroup)
    }
    if known.login == nil || known.inherited.contains(.login), let login = read.login {
      merged.login = login
      merged.inherited.insert(.login)
    }
    unverifiedDescriptions[pid] = ProcessDescription.samplesToReadAll
    return merged
  }

  /// Reports the names that were omitted, and the descriptions that samples have verified. If a process has
  /// no events for as many samples as are needed to read every description once, its last sampled
  /// description is correct.
  private func reportVerifiedDescriptions(
    _ sample: ProcessSample, _ pidsWithEvents: Set<Int32>, _ verified: inout VerifiedSample
  ) {
    for task in translator.takeUnreportedNames().compactMap({ tasks.processes[$0] })
    where task.reported != nil {
      verified.sample.described.append(.init(token: task.token, description: task.description))
    }
    for (pid, left) in unverifiedDescriptions {
      guard let task = tasks.processes[pid] else {
        unverifiedDescriptions[pid] = nil
        continue
      }
      guard !pidsWithEvents.contains(pid) else {
        unverifiedDescriptions[pid] = ProcessDescription.samplesToReadAll
        continue
      }
      unverifiedDescriptions[pid] = left - 1
      guard sample.hasAllDescriptions || left == 1 else { continue }
      unverifiedDescriptions[pid] = nil
      let since = task.changedSince
      task.changedSince = nil
      guard let read = task.source.flatMap({ sampled[$0]?.description }) else { continue }
      let before = task.description
      task.description.update(read)
      guard task.description != before, task.reported != nil else { continue }
      verified.sample.described.append(
        .init(token: task.token, description: task.description, since: since))
    }
  }

  // MARK: Resync

  /// Begins a resync, whose sample confirms all tasks.
  func beginResync() {
    awaitingSample.removeAll()
    unverified.removeAll()
    seenBeforeForkEvent.removeAll()
    threads.beginResync()
  }

  /// Finishes a resync. Its sample has read the namespaces of all processes but those with an event meanwhile.
  func finishResync() {
    awaitingSample = awaitingSample.filter { tasks.processes[$0]?.set.hasUnknownID == true }
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
