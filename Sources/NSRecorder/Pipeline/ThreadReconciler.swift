internal import NamespaceModel

/// Compares the threads that a sample shows with the state that the events before it established; see
/// `SampleReconciler`.
final class ThreadReconciler {
  private let tasks: TaskTable
  private let sets: FollowedSets
  private let namespaces: NamespaceResolver
  private let translator: EventTranslator
  /// TIDs of threads whose state the last sample did not confirm.
  private var unverified: Set<Int32> = []

  init(
    _ tasks: TaskTable, _ sets: FollowedSets, _ namespaces: NamespaceResolver,
    _ translator: EventTranslator
  ) {
    self.tasks = tasks
    self.sets = sets
    self.namespaces = namespaces
    self.translator = translator
  }

  /// Whether the last sample did not confirm the state of some thread.
  var hasUnverified: Bool { !unverified.isEmpty }

  /// The tokens of the threads whose state the last sample did not confirm.
  var unverifiedTokens: Set<ProcessToken> {
    Set(unverified.compactMap { tasks.threads[$0]?.task?.token })
  }

  /// Compares the threads of a sample with the state that the events up to the sample's beginning establish.
  func verify(
    _ threadObservations: [ProcessSample.ThreadObservation], _ sampled: SampledProcesses,
    _ pidsWithEvents: Set<Int32>, at now: BootTime, _ verified: inout VerifiedSample
  ) {
    var unverified: Set<Int32> = []
    let like = Dictionary(threadObservations.map { ($0.thread.tid, $0) }) { _, last in last }
    var unknown: [Int32: (token: ProcessToken, read: SampledProcesses.Process)] = [:]
    for (token, read) in sampled.threads where !pidsWithEvents.contains(read.pid) {
      if let tid = read.thread?.tid { unknown[tid] = (token, read) }
    }
    for (tid, thread) in tasks.threads where !pidsWithEvents.contains(thread.pid) {
      guard let task = thread.task else { continue }
      let wasUnverified = self.unverified.contains(tid)
      if let (token, read) = unknown[tid], read.pid == thread.pid {
        unknown[tid] = nil
        task.source = token
        namespaces.learn(read.links.links, in: task.set)
        let isUnverified = verified.compare(
          task, tid: tid, with: namespaces.set(read.links.links), wasUnverified: wasUnverified,
          sets, translator)
        if isUnverified { unverified.insert(tid) }
        // The thread is in the set of its task.
        tasks.observe(tid, of: task.pid, in: task.set)
      } else if let observation = like[tid], observation.pid == thread.pid {
        // The thread returned to its process's namespaces between two samples, or before the sample read
        // it.
        guard let links = links(of: observation, sampled) else { continue }
        namespaces.learn(links, in: task.set)
        let isUnverified = verified.compare(
          task, tid: tid, with: namespaces.set(links), wasUnverified: wasUnverified,
          sets, translator)
        if isUnverified { unverified.insert(tid) }
        // The thread is in the set of its task.
        tasks.observe(tid, of: task.pid, in: task.set)
      } else if wasUnverified {
        drop(tid, task, at: now, &verified)
      } else {
        unverified.insert(tid)
      }
    }
    for (tid, (token, read)) in unknown where tasks.hasProcess(of: read) {
      // A thread that returned to its process's namespaces before the resync is reported only when it
      // leaves them again.
      guard isApart(read) else { continue }
      if self.unverified.contains(tid) {
        adopt(read, token, at: now, &verified)
      } else {
        unverified.insert(tid)
      }
    }
    self.unverified = unverified
  }

  /// Returns the sampled links of a thread that is in its process's namespaces.
  private func links(
    of observation: ProcessSample.ThreadObservation, _ sampled: SampledProcesses
  ) -> [LinkState]? {
    observation.links
      ?? observation.thread.process.flatMap { sampled[$0]?.links.links }
  }

  /// Whether a sampled thread is in other namespaces than its process, or its process has no running main
  /// thread.
  private func isApart(_ read: SampledProcesses.Process) -> Bool {
    guard let process = tasks.processes[read.pid], !process.set.isZombie else { return true }
    return namespaces.set(read.links.links).isElsewhere(than: process.set)
  }

  /// Drops a thread that the sample does not show.
  private func drop(
    _ tid: Int32, _ task: FollowedTask, at now: BootTime, _ verified: inout VerifiedSample
  ) {
    verified.sample.disappeared.append(task.token)
    verified.sample.contradicted.insert(task.token)
    verified.disagree(task, tid: tid, reported: task.set, sampled: nil)
    // The sample reports the disappearance, so that no exit must be reported. If the thread still exists, its next event
    // reports its namespaces.
    task.reported = nil
    end(tid, at: now)
  }

  /// Adopts a sampled thread that no event reported.
  private func adopt(
    _ read: SampledProcesses.Process, _ token: ProcessToken, at now: BootTime,
    _ verified: inout VerifiedSample
  ) {
    guard let facts = read.thread else { return }
    end(facts.tid, at: now)
    let set = namespaces.set(read.links.links)
    let task = tasks.makeTask(of: read, in: set)
    tasks.add(read, facts, as: task, token, in: set)
    task.reported = task.set
    verified.sample.appeared.append(
      .init(
        token: task.token, facts: task.facts,
        thread: tasks.threads[facts.tid].map { tasks.facts(of: $0, facts.tid) },
        description: task.description, links: task.set.observed.links))
    verified.disagree(task, tid: facts.tid, reported: nil, sampled: task.set)
  }

  private func end(_ tid: Int32, at now: BootTime) {
    guard let thread = tasks.removeThread(tid) else { return }
    translator.reportExit(thread, at: now)
  }

  /// Begins a resync, whose sample confirms all threads.
  func beginResync() { unverified.removeAll() }
}
