internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Records the kernel's events: turns them into batches of changes for the history, and compares each sample with them.
///
/// The stages of the pipeline, and what waits in each:
///
///     kernel          perf rings, or the ring of the BPF programs
///       |                 drained when woken, and between any two long steps of the recorder
///       v
///     EventReorderer  the events that were not applied yet, in time order
///       |  TaskProber     reads in /proc what an event lacks, as soon as the event arrives
///       v                 an event leaves once no earlier one can be missing (`flush`, `complete`)
///     EventFollower   applies one event at a time, by the rules of TaskTransitions, to:
///       |  TaskTable           which tasks exist, and in which set of namespaces each is
///       |  NamespaceResolver   which namespace an inode number means, and how the history names it
///       |  SyncState           whether all this is certain, or a sample has to show it anew
///       v
///     EventTranslator the batch under construction
///       |                 handed over by `flush` and `complete`
///       v
///     history
///
///     sample          waits in the recorder until all events up to its end are in the reorderer (`readyAt`)
///       |
///       v
///     SampleReconciler compares it with the task table, if no event is missing
///     SampleAdopter    makes it the task table, at the start and in a resync
///
/// What survives a failure:
///
/// - Events are lost, because a ring was full, an event arrived late or the reorderer had too many: the events before the
///   loss are applied and recorded. The task table survives as the state that the history has; queued events of the time
///   of the loss do not. The recording waits for a sample (`SyncState.awaitingSample`) whose differences from the table
///   are recorded. The time in between is a gap.
/// - An event contradicts those before it: an event must be missing, which is a loss like any other.
/// - A sample fails, or arrives with a loss: events go on to be recorded. A resync waits for the next sample.
/// - A sample and the events disagree: nothing is dropped. The next sample decides.
/// - The history cannot be written: batches and samples that were handed over wait in the writer. If the events become too
///   many, it drops them and retains the last state of each task, and the time is a gap.
/// - The recorder dies: nothing of this survives. The next recorder starts from its first sample.
final class EventRecording {
  private let listener: any EventFeed
  /// The kind of the source of events.
  let kind: EventChoice.Kind
  private let now: () -> ClockReading
  private let follower = EventFollower()
  private var queue: EventReorderer
  private var buffer: [KernelEvent] = []
  private var pace = EventPace()
  /// The event losses detected since the last resync began.
  private var losses: [LostEvents] = []
  /// Batches that were finished early, because the wall clock was set between their events and the next ones.
  private var batches: [EventBatch] = []
  /// When the rings were drained last, on the boot clock.
  private var lastDrain: BootTime = .zero
  /// The time, on the boot clock, up to which events were applied.
  private var horizon: BootTime = .min

  /// The longest time, in nanoseconds, that the recording allows for from an event to its arrival in the ring.
  static let slack: Int64 = 20_000_000
  /// The age, in nanoseconds, up to which queued events are retained for the sample of a resync.
  private static let useful: Int64 = 1_000_000_000
  /// The most queued events; with more, the recorder resyncs.
  private static let most = 1 << 18
  /// The number of events to apply before the rings are drained again.
  private static let stride = 1024
  /// The longest time, in nanoseconds, that the recording allows for from a change to its event: an event so
  /// shortly after a sample may report a change that the sample shows already.
  private static let eventDelayAfterSample: Int64 = 5_000_000

  /// - Parameters:
  ///   - listener: the source of events, of this kind.
  init(
    _ listener: any EventFeed, _ probe: any TaskReading, kind: EventChoice.Kind = .perf,
    readsTime: Bool,
    mounted: @escaping (NamespaceType, UInt64) -> UInt64? = { _, _ in nil },
    now: @escaping () -> ClockReading = ClockReading.now
  ) {
    self.listener = listener
    self.kind = kind
    self.now = now
    queue = EventReorderer(probe, readsTime: readsTime, mounted: mounted, now: now)
  }

  /// Opens the source of events as configured, and notes it in `sources`; returns nil if only samples are taken.
  static func make(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ environment: RecorderEnvironment,
    _ identity: IdentitySource, _ diagnostics: inout StartupDiagnostics,
    _ sources: inout RecorderSources
  ) throws(RecorderError) -> EventRecording? {
    guard configuration.events != .off else { return nil }
    do throws(RecorderError) {
      let opened = try EventChoice.open(configuration, root, environment, identity)
      if opened.ringBytes < configuration.eventRing {
        diagnostics.smallRing = (opened.ringBytes, configuration.eventRing)
      }
      sources.events = opened.kind
      sources.refusalOfEvents = opened.refusalOfBPF
      sources.refusalOfMoves = opened.refusalOfMoves
      let mounts = NamespaceMounts(root: root, identity: identity)
      return EventRecording(
        opened.feed,
        TaskProbe(
          root: root, identity: identity, readsCommandLines: configuration.commandLines),
        kind: opened.kind, readsTime: root.supports(.time), mounted: { mounts?.id(of: $0, $1) })
    } catch {
      guard configuration.events == .auto else { throw error }
      diagnostics.noEvents =
        switch error {
        case .eventsUseless(let reason): "not listening to the kernel's events: \(reason)"
        default: "\(error)"
        }
      return nil
    }
  }

  // MARK: Collecting

  /// The descriptors to poll. One is readable when there are events to collect or, while `isBusy`, when there
  /// are many.
  var descriptors: [Int32] { listener.descriptors }

  /// Whether events are so frequent that the rings are polled periodically.
  var isBusy: Bool { listener.isQuiet }

  /// The time, in nanoseconds, between two drains while `isBusy`.
  var busyDrainInterval: Int64 { listener.quietDrainInterval }

  /// Whether a sample is needed at once, for a start or resync.
  var needsSample: Bool { follower.sync.isResyncing || !losses.isEmpty }

  /// Whether the last sample did not confirm the state of some task, so that the next sample has to decide.
  var hasUnverified: Bool { follower.reconciler.hasUnverified }

  /// The number of queued events.
  var count: Int { queue.count }

  /// When the rings are to be drained at the latest, on the boot clock, although no event has caused a wakeup.
  var drainDue: BootTime { listener.longestDrainInterval.map { lastDrain + $0 } ?? .max }

  /// Drains the rings into the queue.
  func collect() {
    let wasBusy = isBusy
    drain()
    listener.isQuiet = pace.isBusy(after: buffer.count, at: now().boot)
    // Events that arrived before wakeups were enabled again cause no wakeup.
    if wasBusy, !isBusy { drain() }
  }

  private func drain() {
    buffer.removeAll(keepingCapacity: true)
    lastDrain = now().boot
    losses += listener.drain(into: &buffer).map(LostEvents.init)
    if let first = buffer.lazy.map(\.time).min(), first < horizon {
      losses.append(LostEvents(after: first - 1, by: horizon, records: nil, cause: .late))
    }
    queue.add(
      buffer, known: follower.tasks.inodes,
      mayExecAfterLeaderExit: follower.tasks.mayExecAfterLeaderExit,
      mayHaveUnreportedThreads: follower.tasks.mayHaveUnreportedThreads,
      throttled: follower.throttled)
    follower.namespaces.add(queue.takeMountObservations())
    // Resyncs before the queue takes too much memory, if events arrive faster than they are applied.
    if !follower.sync.isResyncing, losses.isEmpty, queue.count > Self.most, let first = queue.first
    {
      losses.append(
        LostEvents(
          after: first - 1, by: now().boot, records: Int64(queue.count), cause: .late))
    }
  }

  /// Whether more than `count` events up to a time are queued and certain.
  func hasMore(than count: Int, before time: BootTime) -> Bool {
    queue.hasMore(than: count, until: min(time, now().boot - Self.slack))
  }

  /// Applies the events that are certain and returns their batches; none during a start or resync.
  ///
  /// - Parameters:
  ///   - end: the time on the boot clock up to which events are applied; later ones stay queued.
  ///   - most: the most events to apply.
  func flush(until end: BootTime = .max, most: Int = .max) throws(EventsError) -> [EventBatch] {
    let now = self.now()
    try refresh()
    guard !follower.sync.isResyncing else {
      // Drops events that are older than any sample from which the follower can start.
      queue.drop(until: now.boot - Self.useful)
      return []
    }
    let lost = losses.map(\.after).min()
    applyEvents(
      until: min(end, lost ?? .max), horizon: now.boot - Self.slack, lost: lost ?? .max,
      // Applies all certain events before a loss, so that the resync does not drop them too.
      most: lost == nil ? most : .max)
    if let contradiction = follower.sync.contradiction {
      losses.append(
        LostEvents(after: contradiction, by: now.boot, records: nil, cause: .late))
    }
    let batches = handOver()
    if !losses.isEmpty { beginResync(horizon: now.boot - Self.slack) }
    return batches
  }

  private func refresh() throws(EventsError) {
    if let loss = try listener.refreshProcessors() { losses.append(LostEvents(loss)) }
    collect()
  }

  /// Begins a resync: nothing is certain until a sample shows the state of all tasks. The events that are
  /// still queued, or have not arrived yet, cannot be used, so the losses are extended to begin before them.
  private func beginResync(horizon: BootTime) {
    let end = min(horizon, queue.first.map { $0 - 1 } ?? .max)
    for index in losses.indices { losses[index].after = min(losses[index].after, end) }
    queue.drop(until: losses.map(\.by).max() ?? .min)
    awaitSample()
  }

  /// Has the next sample repair the losses detected so far.
  private func awaitSample() {
    follower.awaitSample(repairing: losses)
    losses.removeAll()
  }

  private func applyEvents(
    until end: BootTime, horizon: BootTime, lost: BootTime = .max, most: Int = .max
  ) {
    // The horizon moves before the first event is applied: an older event that arrives meanwhile would be
    // applied out of order, and counts as lost.
    self.horizon = max(self.horizon, min(end, horizon))
    var count = 0
    while follower.sync.isInSync, count < most,
      let item = queue.next(until: end, horizon: horizon, lost: lost)
    {
      // The wall clock was set between two drains of the rings.
      if let epoch = follower.translator.epoch, abs(item.epoch - epoch) >= ClockStep.least {
        batches += follower.finishBatch(epoch: item.epoch).map { [$0] } ?? []
      }
      if item.isThrottled, item.omittedCount > 0, follower.throttled(item.event.tid).isEmpty {
        // Changes of the task were omitted, but its links are not throttled any more: its state is
        // uncertain.
        follower.contradict(at: item.event.time)
        break
      }
      if item.isThrottled, item.omittedCount > 0 {
        follower.translator.addOmittedChanges(item.omittedCount)
        follower.namespaces.noteOmittedChange(at: item.event.time)
      }
      follower.apply(item.event, item.probed, lookahead: queue.lookahead)
      count += 1
      guard count % Self.stride == 0 else { continue }
      follower.namespaces.trim()
      drain()
    }
    queue.compact()
  }

  /// Finishes the batch under construction, and returns the non-empty batches since the last call.
  private func handOver() -> [EventBatch] {
    let now = self.now()
    let all = batches + (follower.finishBatch(epoch: now.epoch).map { [$0] } ?? [])
    batches.removeAll()
    return all.filter { !$0.isEmpty }
  }

  /// Returns the time when all events up to the end of a sample will have arrived and can be applied.
  func readyAt(_ sample: ProcessSample) -> BootTime {
    readyAt(upTo: sample.end.boot + Self.eventDelayAfterSample)
  }

  /// Returns the time when all events up to `time` will have arrived and can be applied. A later call may
  /// return a later time, because events that arrive meanwhile cause further probes.
  func readyAt(upTo time: BootTime) -> BootTime {
    // Tasks are probed when their events arrive, and events up to the time of a probe decide whether it
    // is valid.
    collect()
    return queue.lastProbe(until: time) + Self.slack + 1_000_000
  }

  /// The result of merging a sample with the events before it.
  struct MergedSample {
    /// The batches of events before the sample.
    var batches: [EventBatch] = []
    /// The sample as the history records it; nil if another sample is needed, for example because events
    /// were lost meanwhile.
    var sample: ProcessSample?
    /// Whether events cover every change since the previous sample.
    var isExact = false
    var disagreements = 0
    var losses: [LostEvents] = []
    /// The changes of namespaces that were omitted since the previous sample.
    var omitted = OmittedChanges()
  }

  /// Merges a sample with the events: verifies the state that the events establish, or starts or resyncs from
  /// the sample.
  func complete(_ sample: ProcessSample) throws(EventsError) -> MergedSample {
    let now = self.now()
    try refresh()
    let horizon = now.boot - Self.slack
    if !needsSample {
      applyEvents(until: sample.start.boot, horizon: horizon)
      let end = sample.end.boot + Self.eventDelayAfterSample
      if follower.sync.isInSync, losses.allSatisfy({ $0.after > end }) {
        return verify(sample, now)
      }
    }
    return try begin(sample, now, horizon)
  }

  /// Returns the result of a scan for pins with the names by which the history records the namespaces;
  /// nil while events from the time of the scan may still arrive.
  func complete(_ scan: PinScan) -> PinScan? {
    guard !needsSample else { return scan }
    guard horizon > scan.end.boot + Self.eventDelayAfterSample else { return nil }
    return follower.namespaces.recorded(scan)
  }

  private func verify(_ sample: ProcessSample, _ now: ClockReading) -> MergedSample {
    let batches = handOver()
    // It is not known which of the omitted changes the sample shows, so it proves nothing about these tasks.
    let pidsWithEvents = queue.pidsWithEvents(
      after: sample.start.boot, until: sample.end.boot + Self.eventDelayAfterSample
    ).union(queue.throttled)
    let omitted = follower.translator.takeOmittedChanges()
    let verified = follower.verify(sample, pidsWithEvents: pidsWithEvents)
    return MergedSample(
      batches: batches, sample: verified.sample, isExact: true,
      disagreements: verified.disagreements, omitted: omitted)
  }

  private func begin(
    _ sample: ProcessSample, _ now: ClockReading, _ horizon: BootTime
  ) throws(EventsError) -> MergedSample {
    // Reports the events that were certain before the loss.
    let batches = try follower.sync.isResyncing ? [] : flush()
    awaitSample()
    let lost = follower.sync.resync?.losses ?? []
    // A loss since the beginning of the sample makes the sample useless, and a sample without threads does not show the
    // complete initial state either.
    if !sample.hasSharingThreads || lost.contains(where: { $0.by > sample.start.boot }) {
      follower.store(sample)
      return MergedSample(batches: batches)
    }
    let exits = queue.exits(until: sample.start.boot)
    queue.drop(until: sample.start.boot)
    let omitted = follower.translator.takeOmittedChanges()
    follower.begin(sample, throttled: queue.throttled, exits: exits)
    applyEvents(until: sample.end.boot, horizon: horizon)
    // Between two strides the rings were drained: the sample is useless without events that were lost then.
    if follower.sync.needsOtherSample || losses.contains(where: { $0.after <= sample.end.boot }) {
      awaitSample()
      return MergedSample(batches: batches)
    }
    return MergedSample(
      batches: batches, sample: follower.finishResync(sample, epoch: now.epoch), losses: lost,
      omitted: omitted)
  }
}

extension LostEvents {
  /// Converts a loss of the event listener to the form that the history records.
  init(_ loss: EventLoss) {
    let cause: Cause =
      switch loss.cause {
      case .ringFull: .ringFull
      case .processorsChanged: .processors
      case .malformed: .malformed
      }
    self.init(
      after: loss.after, by: loss.by, records: loss.records == 0 ? nil : Int64(loss.records),
      cause: cause)
  }
}

/// A source of kernel events; see `EventListener`.
protocol EventFeed: AnyObject {
  /// The descriptors to poll for new events.
  var descriptors: [Int32] { get }
  /// Whether single events cause no wakeups, so that the caller has to drain the source periodically.
  var isQuiet: Bool { get set }
  /// The time, in nanoseconds, between two drains while the source is quiet.
  var quietDrainInterval: Int64 { get }
  /// The longest time, in nanoseconds, from one drain to the next, if some events never cause a wakeup; nil if all do.
  var longestDrainInterval: Int64? { get }
  /// Consumes all reported events, appends them to `events`, and returns the event losses.
  func drain(into events: inout [KernelEvent]) -> [EventLoss]
  /// Checks whether processors went online or offline; returns a loss if events may have been missed.
  func refreshProcessors() throws(EventsError) -> EventLoss?
}

extension EventFeed {
  var quietDrainInterval: Int64 { 2_000_000 }
  var longestDrainInterval: Int64? { nil }
}

extension EventListener: EventFeed {}

/// Chooses between wakeups by events and periodic polling: a wakeup for each event slows a busy machine
/// down, and polling wakes an idle machine for nothing.
struct EventPace {
  private var isBusy = false
  /// The number of events since the last choice, and the time of that choice on the boot clock.
  private var count = 0
  private var chosen: BootTime = .zero

  /// How long events are counted before each choice (`window`, in nanoseconds), and the number of events in
  /// that time from which on polling is chosen (`many`).
  private static let window: Int64 = 20_000_000
  private static let many: Int64 = 16

  /// Counts events, and returns whether to poll periodically.
  ///
  /// - Parameters:
  ///   - events: the number of events since the last call.
  ///   - now: the current time on the boot clock.
  mutating func isBusy(after events: Int, at now: BootTime) -> Bool {
    count += events
    let time = now - chosen
    guard time >= Self.window else { return isBusy }
    let rate = Int64(count) * Self.window / time
    isBusy = rate >= (isBusy ? Self.many / 4 : Self.many)
    count = 0
    chosen = now
    return isBusy
  }
}
