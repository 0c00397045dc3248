internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Tracks the state of every task from event to event, and builds the batches of changes that the history records.
/// Samples give the initial state (`SampleAdopter`), and verify the state later (`SampleReconciler`).
///
/// The follower and its parts use these terms:
///
/// - A task is a process, or a thread that is recorded by itself because its namespaces differ from those of its
///   process, or because its main thread has exited.
/// - A set (`FollowedSet`) is the list of the ten namespace links of a task.
/// - A namespaces event is the event by which the kernel reports the namespaces of a thread.
/// - A probe (`ProbedTask`) is what was read of a task in `/proc` right after one of its events.
/// - A start or resync adopts a sample as the state of all tasks: at the beginning of the recording, or after events
///   were lost.
/// - A sample confirms a task if it shows the task in the state that the events had reported. If it does not, the
///   task is unverified, and the next sample decides.
final class EventFollower {
  let sets = FollowedSets()
  let namespaces: NamespaceResolver
  let translator: EventTranslator
  let reconciler: SampleReconciler
  private let adopter: SampleAdopter
  let tasks = TaskTable()
  /// The time of the event that is being applied.
  private(set) var now: BootTime = .zero
  /// The time of an event that contradicts the events before it, which proves that an event is missing. The
  /// recording then resyncs.
  var contradiction: BootTime?
  /// Whether the sample of a start or resync missed a thread that executed a program meanwhile, so that
  /// another sample is needed.
  var needsOtherSample = false
  /// The end, on the boot clock, of the sample of the last start or resync.
  var began: BootTime = .min

  /// Returns the links of a task whose changes are omitted at present because they are too frequent.
  func throttled(_ tid: Int32) -> LinkMask {
    tasks.task(tid)?.rate?.throttled ?? []
  }

  init() {
    namespaces = NamespaceResolver(sets)
    translator = EventTranslator(sets)
    let sampled = SampledProcesses()
    reconciler = SampleReconciler(tasks, sets, namespaces, translator, sampled)
    adopter = SampleAdopter(tasks, namespaces, translator, sampled)
  }

  /// Applies one event.
  ///
  /// - Parameters:
  ///   - probed: the probe right after the event, without the parts that later events invalidate; nil if the
  ///     task was not probed, or if nothing of the probe is valid.
  ///   - lookahead: the queued events after this one, in time order. The follower does not retain them: a change to
  ///     the queue would copy the queue then.
  func apply(
    _ event: KernelEvent, _ probed: ProbedTask?, lookahead: ArraySlice<EventQueue.Item> = []
  ) {
    now = event.time
    namespaces.advance(to: event.time)
    let lookahead = Lookahead(after: event, lookahead, tasks)
    defer { if event.tid == event.pid { tasks.setLastEvent(of: event.pid, event.time) } }
    switch event.kind {
    case .fork(let parentPID, let parentTID):
      tasks.addFork(event.tid, of: event.pid, by: parentTID, of: parentPID)
      if let state = event.state { begin(event, state) }
    case .state: if let state = event.state { applyState(event, state) }
    case .namespaces(let inodes): applyNamespaces(event, inodes, probed, lookahead)
    case .comm(let name, let isExec): rename(event, name.bytes, isExec: isExec, probed, lookahead)
    case .exit: exit(event, probed, lookahead)
    }
  }

  func move(_ task: FollowedTask, to set: FollowedSet, at time: BootTime) {
    guard set !== task.set else { return }
    let before = task.set
    // The follower always reports that a task is no zombie any more, even if its changes are too
    // frequent.
    if before.isZombie { translator.stopThrottling(task) }
    task.move(to: set)
    reconciler.awaitSample(of: task.pid)
    let isReported = translator.reportMove(
      of: task, from: before, at: time, threads: tasks.threadsOf[task.pid]?.count ?? 0)
    // While the reported set of a process is unchanged, its threads need no comparison with it.
    if isReported, tasks.processes[task.pid] === task { compareThreads(of: task, at: time) }
  }

  /// Finishes the batch under construction, returns it, and starts the next one. Also drops exited processes that
  /// cannot continue by exec any more.
  func finishBatch(epoch: WallTime) -> EventBatch? {
    tasks.forgetEnded()
    namespaces.trim()
    return translator.finishBatch(epoch: epoch)
  }

  // MARK: Samples

  /// Compares a sample with the state that the events up to the sample's beginning establish.
  ///
  /// - Parameter pidsWithEvents: the PIDs of processes with an event during the sample, or so shortly after it that
  ///   the sample may show the change already. The sample proves nothing about these processes.
  func verify(_ sample: ProcessSample, pidsWithEvents: Set<Int32>) -> VerifiedSample {
    var verified = reconciler.verify(sample, pidsWithEvents: pidsWithEvents, now: now)
    for task in verified.released where tasks.processes[task.pid] === task {
      compareThreads(of: task, at: sample.start.boot)
    }
    verified.sample.renamed = namespaces.takeRenamed()
    verified.sample.related = namespaces.recorded(sample.related)
    return verified
  }

  /// Starts or resyncs from a sample. Between `begin` and `finishResync` the caller applies the events since
  /// the beginning of the sample. Applied to the sampled state, they give the state at the end of the sample.
  ///
  /// - Parameters:
  ///   - throttled: the PIDs of processes with a queued change that stands for omitted ones. Some of
  ///     the omitted changes may have occurred before the end of the sample.
  ///   - exits: by PID or TID, the exits that events had reported before the sample began. The sample may still show
  ///     such a task, as it ends.
  func begin(
    _ sample: ProcessSample, throttled: Set<Int32> = [], exits: [Int32: BootTime] = [:]
  ) {
    let isFirst = began == .min
    began = sample.end.boot
    contradiction = nil
    needsOtherSample = false
    reconciler.beginResync()
    adopter.begin(sample, isFirst: isFirst, throttled: throttled, exits: exits, at: now)
  }

  /// Finishes a start or resync: returns a sample with all changes that the history does not have yet.
  func finishResync(_ sample: ProcessSample, reported: inout ReportedState) -> ProcessSample {
    let translated = adopter.finish(sample, reported)
    reconciler.finishResync()
    reported = ReportedState()
    return translated
  }

  /// Stores a sample from which the follower does not start.
  func store(_ sample: ProcessSample) { adopter.store(sample) }

  /// Returns the state that the history has of each task, for comparison with the sample of a resync.
  func reportedState() -> ReportedState {
    adopter.reportedState(unverified: reconciler.unverifiedTokens)
  }
}
