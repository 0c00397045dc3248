internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Follows every task from event to event: composes the stages behind the reorderer, and shows the order in which an
/// event and a sample pass through them. The state is in the stages; the head of `EventRecording.swift` draws them.
///
/// The stages use these terms:
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
  let tasks = TaskTable()
  let namespaces: NamespaceResolver
  let translator: EventTranslator
  let reconciler: SampleReconciler
  private let adopter: SampleAdopter
  private let transitions: TaskTransitions
  /// The time of the last event.
  private var now: BootTime = .zero
  /// Whether the tracked tasks are those of the machine.
  private(set) var sync = SyncState.awaitingSample(.init())

  init() {
    let sets = FollowedSets()
    namespaces = NamespaceResolver(sets)
    translator = EventTranslator(sets)
    let sampled = SampledProcesses()
    reconciler = SampleReconciler(tasks, sets, namespaces, translator, sampled)
    adopter = SampleAdopter(tasks, namespaces, translator, sampled)
    transitions = TaskTransitions(tasks, sets, namespaces, translator, reconciler)
  }

  /// Applies one event.
  ///
  /// - Parameters:
  ///   - probed: the probe right after the event, without the parts that later events invalidate; nil if the
  ///     task was not probed, or if nothing of the probe is valid.
  ///   - lookahead: the queued events after this one, in time order. The follower does not retain them: a change to
  ///     the queue would copy the queue then.
  func apply(
    _ event: KernelEvent, _ probed: ProbedTask?, lookahead: ArraySlice<EventReorderer.Item> = []
  ) {
    now = event.time
    namespaces.advance(to: event.time)
    let lookahead = Lookahead(after: event, lookahead, tasks)
    defer { if event.tid == event.pid { tasks.setLastEvent(of: event.pid, event.time) } }
    switch event.kind {
    case .fork(let parentPID, let parentTID):
      transitions.fork(event, by: parentTID, of: parentPID, &sync)
    case .state: if let state = event.state { transitions.apply(event, state) }
    case .namespaces(let inodes): transitions.apply(event, inodes, probed, lookahead, &sync)
    case .comm(let name, let isExec):
      transitions.rename(event, name.bytes, isExec: isExec, probed, lookahead, &sync)
    case .exit: transitions.exit(event, probed, lookahead, sync)
    }
  }

  /// Returns the links of a task whose changes are omitted at present because they are too frequent.
  func throttled(_ tid: Int32) -> LinkMask { tasks.task(tid)?.rate?.throttled ?? [] }

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
      transitions.compareThreads(of: task, at: sample.start.boot)
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
    let isFirst = sync.beginReplay(sample)
    reconciler.beginResync()
    adopter.begin(sample, isFirst: isFirst, throttled: throttled, exits: exits, at: now)
  }

  /// Finishes a start or resync: returns a sample with all changes that the history does not have yet. From now on changes
  /// are reported in batches of events.
  func finishResync(_ sample: ProcessSample, epoch: WallTime) -> ProcessSample {
    let translated = adopter.finish(sample, sync.finishReplay().reported)
    reconciler.finishResync()
    translator.open(epoch: epoch)
    return translated
  }

  /// Stores a sample from which the follower does not start.
  func store(_ sample: ProcessSample) { adopter.store(sample) }

  /// Begins a resync because events were lost: the next sample has to show the state of all tasks.
  func awaitSample(repairing losses: [LostEvents]) {
    sync.awaitSample(repairing: losses, reportedState)
    translator.close()
  }

  /// Notes that the events before a time contradict each other.
  func contradict(at time: BootTime) { sync.contradict(at: time) }

  /// Returns the state that the history has of each task, for comparison with the sample of a resync.
  private func reportedState() -> ReportedState {
    adopter.reportedState(unverified: reconciler.unverifiedTokens)
  }
}
